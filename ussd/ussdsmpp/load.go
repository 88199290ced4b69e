package ussdsmpp

import (
	"embed"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"setu/channels/smpp"
	"setu/ussd"
)

//go:embed dialects/*.yaml
var embedded embed.FS

// Embedded are the dialects that ship.
func Embedded() fs.FS {
	sub, err := fs.Sub(embedded, "dialects")
	if err != nil {
		return embed.FS{} // the folder is fixed when this is built
	}
	return sub
}

// Dialects are loaded dialects by name.
type Dialects map[string]*Dialect

// Names are the names in order.
func (d Dialects) Names() []string { return slices.Sorted(maps.Keys(d)) }

// Load reads all dialects of the folders; see [ussd.LoadDialects]. The error
// names each problem with its file and line.
func Load(folders ...fs.FS) (Dialects, error) {
	return ussd.LoadDialects(Parse, func(d *Dialect) string { return d.Name }, folders...)
}

// Parse reads one dialect. path is for the error, which names each problem as
// path:line.
func Parse(path string, src []byte) (*Dialect, error) {
	var d Dialect
	top := parse(path, src)
	top.fields(map[string]func(node){
		"name": func(n node) {
			if d.Name = n.str(); !nameForm.MatchString(d.Name) {
				n.fail("%q is not a name of a to z, 0 to 9 and -", d.Name)
			} else if file := path[strings.LastIndex(path, "/")+1:]; file != d.Name+".yaml" {
				n.fail("dialect %q stands in %s: it belongs into %s.yaml", d.Name, file, d.Name)
			}
		},
		"?service_type": func(n node) {
			if d.ServiceType = n.str(); len(d.ServiceType) > maxServiceType {
				n.fail("service_type takes %d characters (SMPP 3.4, 5.2.11)", maxServiceType)
			}
		},
		"from_gateway": d.FromGateway.read,
		"to_gateway": func(n node) {
			n.fields(map[string]func(node){
				"continue": func(n node) { d.ToGateway.Continue = n.octet() },
				"end":      func(n node) { d.ToGateway.End = n.octet() },
				"?notify":  func(n node) { d.ToGateway.Notify = n.octet() },
			})
		},
		"?session": d.Session.read,
		"code": func(n node) {
			d.Code = CodePlace(n.oneOf("destination", "text", "either")) //nolint:gosec // 0 to 2
		},
		"data_coding": func(n node) {
			n.fields(map[string]func(node){
				"gsm7": func(n node) { d.Coding.GSM7 = n.octet() },
				"ucs2": func(n node) { d.Coding.UCS2 = n.octet() },
			})
		},
		"?limit": func(n node) {
			n.fields(map[string]func(node){
				"?septets": func(n node) { d.Limit.Septets = n.count(40, 182) },
				"?units":   func(n node) { d.Limit.Units = n.count(40, 80) },
			})
		},
		"?echo": func(n node) {
			for _, one := range n.list() {
				d.Echo = append(d.Echo, one.tag())
			}
		},
	})
	d.check(top)
	if len(top.file.problems) > 0 {
		return nil, errors.Join(top.file.problems...)
	}
	return &d, nil
}

// maxServiceType is the most characters of service_type (SMPP 3.4, 5.2.11).
const maxServiceType = 5

func (r *Received) read(n node) {
	var all []byte
	ops := func(to *[]byte) func(node) {
		return func(n node) {
			*to = n.octets()
			for _, op := range *to {
				if slices.Contains(all, op) {
					n.fail("0x%02X has two meanings", op)
				}
				all = append(all, op)
			}
		}
	}
	n.fields(map[string]func(node){
		"begin": ops(&r.Begin), "answer": ops(&r.Answer), "?abort": ops(&r.Abort), "?timeout": ops(&r.Timeout), "?confirm": ops(&r.Confirm),
		"unknown": func(n node) {
			r.Unknown = Unknown(n.oneOf("refuse", "continue", "close")) //nolint:gosec // 0 to 2
		},
	})
}

func (s *Session) read(n node) {
	n.fields(map[string]func(node){
		"tlv":      func(n node) { s.Tag = n.tag() },
		"?mask":    func(n node) { s.Mask = n.hex(4) },
		"?end_bit": func(n node) { s.EndBit = n.hex(4) },
	})
	if s.Mask&s.EndBit != 0 {
		n.fail("end_bit 0x%04X is a bit of mask 0x%04X: the dialogue would change its name when it ends", s.EndBit, s.Mask)
	}
	if s.EndBit != 0 && s.Mask == 0 {
		n.fail("end_bit needs a mask without that bit")
	}
}

// tag is the tag of an optional parameter that is not read otherwise.
func (n node) tag() smpp.Tag {
	t := smpp.Tag(n.hex(4))
	if t == smpp.TagMessagePayload || t == smpp.TagUSSDServiceOp || t == 0 {
		n.fail("parameter 0x%04X cannot be used here", uint16(t))
	}
	return t
}

// check finds what no single key shows.
func (d *Dialect) check(top node) {
	switch {
	case len(top.file.problems) > 0:
	case len(d.FromGateway.Begin) == 0:
		top.fail("from_gateway.begin is empty: no dialogue could begin")
	case len(d.FromGateway.Answer) == 0:
		top.fail("from_gateway.answer is empty: no question could be answered")
	case d.ToGateway.Continue == d.ToGateway.End && d.Session.EndBit == 0:
		top.fail("to_gateway.continue and end are the same, and there is no session.end_bit: the gateway could not tell the last screen")
	case d.ToGateway.Notify != 0 && (d.ToGateway.Notify == d.ToGateway.Continue || d.ToGateway.Notify == d.ToGateway.End):
		top.fail("to_gateway.notify 0x%02X is also that of a screen: the gateway could not tell a notification", d.ToGateway.Notify)
	case d.ToGateway.Notify == 0 && len(d.FromGateway.Confirm) > 0:
		top.fail("from_gateway.confirm is of no use without to_gateway.notify")
	}
}
