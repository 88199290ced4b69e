package catalogue

import (
	"slices"
	"strings"

	"setu/i18n"
)

// maxPlaces bounds the places behind a decimal point.
const maxPlaces = 6

// inputTypes says which keys each type of input takes besides type and save_as.
var inputTypes = [...]struct {
	name InputType
	keys string
}{
	{InputDigits, "length min_length max_length check"},
	{InputNumber, "min max decimals"},
	{InputMoney, "min max"},
	{InputDate, "when"},
	{InputChoice, "options"},
	{InputItem, ""},
	{InputText, "max upper lower"},
	{InputPhone, ""},
	{InputHash, "min_length max_length"},
	{InputHost, ""},
	{InputCode, "pattern upper lower"},
	{InputPIN, ""},
}

// takes says that inputs of type t take the key, and whether there is such a type.
func (t InputType) takes(key string) (takes, known bool) {
	for _, one := range inputTypes {
		if one.name == t {
			return slices.Contains(strings.Fields(one.keys), key), true
		}
	}
	return false, false
}

func decodeInput(n node) *Input {
	in := &Input{at: n.at, MaxLength: 20, Decimals: 2}
	var bounds []entry // they depend on the type, which may stand behind them
	given := make(map[string]node)
	plain := func(key string, read func(node)) func(node) {
		return func(n node) { given[key] = n; read(n) }
	}
	bound := func(key string) func(node) {
		return func(n node) {
			given[key] = n
			bounds = append(bounds, entry{key: key, val: n})
		}
	}
	n.fields(map[string]func(node){
		"type":    func(n node) { in.Type = InputType(n.str()) },
		"save_as": func(n node) { in.SaveAs = n.str(); n.identifier(in.SaveAs) },
		"length": plain("length", func(n node) {
			in.MinLength = n.num(1, 20)
			in.MaxLength = in.MinLength
		}),
		"min_length": plain("min_length", func(n node) { in.MinLength = n.num(1, 64) }),
		"max_length": plain("max_length", func(n node) { in.MaxLength = n.num(1, 64) }),
		"check": plain("check", func(n node) {
			if in.Check = n.str(); !slices.Contains(i18n.CheckRules(), in.Check) {
				n.fail("unknown check %q: %s", in.Check, strings.Join(i18n.CheckRules(), ", "))
			}
		}),
		"min": bound("min"), "max": bound("max"),
		"decimals": plain("decimals", func(n node) { in.Decimals = n.num(0, maxPlaces) }),
		"when": plain("when", func(n node) {
			if in.When = n.str(); in.When != "past" && in.When != "future" {
				n.fail("when is past or future, not %q", in.When)
			}
		}),
		"options": plain("options", func(n node) { in.Options = decodeOptions(n) }),
		"pattern": plain("pattern", func(n node) { in.Pattern = n.str() }),
		"upper":   plain("upper", func(n node) { in.Upper = n.flag() }),
		"lower":   plain("lower", func(n node) { in.Lower = n.flag() }),
	})
	for key, at := range given {
		if takes, known := in.Type.takes(key); known && !takes {
			at.fail("an input of type %s takes no %q", in.Type, key)
		}
	}
	for _, b := range bounds {
		in.decodeBound(b)
	}
	in.complete(n, given)
	return in
}

func (in *Input) decodeBound(b entry) {
	if in.Type == InputText {
		in.MaxLength = b.val.num(1, MaxText)
		return
	}
	n, err := i18n.ParseNumber(b.val.str())
	if err != nil {
		b.val.fail("%q is not a number", b.val.str())
		return
	}
	if b.key == "min" {
		in.Min = n
	} else {
		in.Max = n
	}
}

// complete fills what an input leaves out and checks that it makes sense.
func (in *Input) complete(n node, given map[string]node) {
	if _, known := in.Type.takes(""); !known {
		n.fail("unknown input type %q", string(in.Type))
		return
	}
	has := func(key string) bool { _, ok := given[key]; return ok }
	switch in.Type {
	case InputChoice:
		if len(in.Options) < 2 {
			n.fail("a choice needs two options or more")
		}
	case InputCode:
		if in.Pattern == "" || len(in.Pattern) > 32 {
			n.fail("a code needs a pattern of 1 to 32 characters, such as AA99999999")
		}
		in.MaxLength = len(in.Pattern)
	case InputHash:
		if !has("max_length") {
			in.MaxLength = 64
		}
		in.Lower = true
	case InputText:
		if !has("max") {
			in.MaxLength = 120
		}
	case InputHost:
		in.MaxLength, in.Lower = 60, true
	case InputNumber, InputMoney:
		in.checkBounds(n)
	case InputPIN:
		if in.SaveAs != "" {
			n.fail("a PIN is never kept: save_as is not allowed")
		}
	}
	if in.MinLength > in.MaxLength {
		n.fail("min_length is more than max_length")
	}
}

// checkBounds refuses inputs for which 0 would be an answer: it means back.
func (in *Input) checkBounds(n node) {
	if in.Min == "" {
		in.Min = "1"
		if in.Type == InputMoney {
			in.Min = "0.01"
		}
	}
	if strings.HasPrefix(in.Min, "-") || in.Min == "0" {
		n.fail("min must be above 0: the digit 0 means back, everywhere")
	}
	if in.Max == "" {
		n.fail("max is needed: the texts are measured with it")
	}
}

// decodeOptions reads a list of options, or a mapping of option to next step.
func decodeOptions(n node) []Option {
	var options []Option
	if n.isMapping() {
		for _, e := range n.entries() {
			e.val.at = e.at
			e.val.identifier(e.key)
			options = append(options, Option{ID: e.key, Next: e.val.str(), at: e.at})
		}
		return options
	}
	for _, one := range n.list() {
		id := one.str()
		one.identifier(id)
		if slices.ContainsFunc(options, func(o Option) bool { return o.ID == id }) {
			one.fail("option %q is there twice", id)
		}
		options = append(options, Option{ID: id, at: one.at})
	}
	return options
}
