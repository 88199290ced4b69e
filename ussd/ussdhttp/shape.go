package ussdhttp

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"setu/gateway"
)

// answerShape is where the gateway's side finds the parts of an answer: in JSON
// by their paths, in a text by the template itself, or in a header.
type answerShape struct {
	json   map[string]ref // by path; of text, mark, end, page, octets and mask
	body   template
	header string // that holds the mark
}

// shape finds out how an answer is read, and sees to it that it tells what it
// must.
func (d *Dialect) shape(f file, wrong *faults) answerShape {
	s := answerShape{}
	if f.Reply.Shape.JSON != nil {
		s.json = map[string]ref{}
		s.paths("", f.Reply.Shape.JSON)
	} else {
		s.body = d.screen.text
		if n := len(s.body); n == 0 || s.body[n-1].ref != refText {
			wrong.add("$.reply", "body must end with {text}, or json hold it: the screen")
		}
	}
	for _, h := range d.screen.headers {
		if h.text.uses(refMark) {
			s.header = h.name
		}
	}
	d.checkShape(&s, wrong)
	return s
}

// checkShape finds out whether an answer of the shape says all that it must.
func (d *Dialect) checkShape(s *answerShape, wrong *faults) {
	var holds [refField + 1]bool
	for _, r := range s.json {
		holds[r] = true
	}
	marked := s.header != "" || s.body.uses(refMark) || holds[refMark]
	if s.json != nil && !holds[refText] {
		wrong.add("$.reply.json", "{text} is needed: the screen")
	}
	if !marked && !holds[refEnd] {
		wrong.add("$.reply", "neither {mark} nor {end} says whether the session goes on")
	}
	if marked && (d.more.text == d.end.text || d.more.json == "" || d.end.json == "") {
		wrong.add("$.reply", "marks need more and end, which differ: what {mark} stands for")
	}
}

// paths notes where the references of a JSON shape stand.
func (s answerShape) paths(at string, v any) {
	switch v := v.(type) {
	case yaml.MapSlice:
		for _, item := range v {
			key, _ := item.Key.(string)
			s.paths(join(at, key), item.Value)
		}
	case []any:
		for _, item := range v {
			s.paths(at, item)
		}
	case string:
		if r, ok := refNames[strings.Trim(v, "{}")]; ok && strings.HasPrefix(v, "{") {
			s.json[at] = r
		}
	}
}

func join(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// outgoing is a request as the gateway's side sends it for one event.
type outgoing struct {
	method  string
	path    template
	pairs   []header // of the form or the query
	headers []header
	body    template // JSON
	event   scalar
	text    string // in place of the citizen's, when not ""
}

// compileSend prepares the requests of the gateway's side.
func (d *Dialect) compileSend(r fileRequest, wrong *faults) {
	d.send = map[gateway.Event]*outgoing{}
	for _, event := range []gateway.Event{gateway.New, gateway.Input, gateway.Abort, gateway.Timeout} {
		i := slices.IndexFunc(d.rules, func(r rule) bool { return r.event == event && !r.status })
		if i < 0 && event != gateway.Input {
			continue // the dialect cannot tell
		}
		rl := rule{field: -1}
		if i >= 0 {
			rl = d.rules[i]
		}
		if out := d.outgoing(r, rl, wrong); out != nil {
			d.send[event] = out
		}
	}
}

// sent is a field with the template of its value.
type sent struct {
	name  string
	value any // scalar or string with references
}

func (d *Dialect) outgoing(r fileRequest, rl rule, wrong *faults) *outgoing {
	out := &outgoing{method: d.methods[0], event: rl.sent()}
	if out.text = rl.contains; rl.contains != "" && rl.send != nil {
		out.text = rl.send.text
	}
	list := d.sentFields(r, rl, out.event)
	c := compiler{allowed: requestRefs()}
	var err error
	if out.path, err = c.text(r.Path, inText); err != nil {
		wrong.add("$.request.path", "%w", err)
		return nil
	}
	tree := yaml.MapSlice{}
	for _, one := range list {
		name, isHeader := strings.CutPrefix(one.name, "header:")
		if d.in == inBody && !isHeader {
			tree = plant(tree, strings.Split(name, "."), one.value)
			continue
		}
		text, err := c.text(textOf(one.value), inText)
		if err != nil {
			wrong.add("$.request.also", "%w", err)
			return nil
		}
		if isHeader {
			out.headers = append(out.headers, header{name, text})
		} else {
			out.pairs = append(out.pairs, header{name, text})
		}
	}
	if d.in == inBody {
		if out.body, err = c.json(nil, tree); err != nil {
			wrong.add("$.request.also", "%w", err)
			return nil
		}
	}
	return out
}

// sent is the event as the gateway writes it.
func (rl rule) sent() scalar {
	switch {
	case rl.send != nil:
		return *rl.send
	case rl.path != "":
		return scalar{text: rl.path}
	case len(rl.is) > 0:
		return rl.is[0]
	}
	return scalar{}
}

// sentFields are the fields that a request of an event has.
func (d *Dialect) sentFields(r fileRequest, rl rule, event scalar) []sent {
	var list []sent
	for _, one := range []struct {
		index int
		ref   string
	}{{d.known.session, "{session}"}, {d.known.number, "{number}"}, {d.known.code, "{code}"}, {d.known.text, "{text}"}, {d.known.sequence, "{sequence}"}} {
		if one.index >= 0 {
			list = append(list, sent{d.fields[one.index].names[0], one.ref})
		}
	}
	if rl.field >= 0 {
		list = append(list, sent{d.fields[rl.field].names[0], event})
	}
	for _, name := range sortedKeys(r.Also) {
		list = append(list, sent{name, r.Also[name]})
	}
	return list
}

func textOf(v any) string {
	if s, ok := v.(scalar); ok {
		return s.text
	}
	s, _ := v.(string)
	return s
}

// plant puts a value into a tree at a path.
func plant(tree yaml.MapSlice, at []string, v any) yaml.MapSlice {
	i := slices.IndexFunc(tree, func(item yaml.MapItem) bool { return item.Key == at[0] })
	if len(at) == 1 {
		if i < 0 {
			return append(tree, yaml.MapItem{Key: at[0], Value: v})
		}
		tree[i].Value = v
		return tree
	}
	if i < 0 {
		return append(tree, yaml.MapItem{Key: at[0], Value: plant(nil, at[1:], v)})
	}
	if sub, ok := tree[i].Value.(yaml.MapSlice); ok {
		tree[i].Value = plant(sub, at[1:], v)
	}
	return tree
}
