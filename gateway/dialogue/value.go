package dialogue

import (
	"setu/gateway"
	"setu/gateway/catalogue"
	"setu/i18n"
)

// slotValue adds the value of a slot to vals: of a choice its label in each
// language. It is false if the slot is not filled.
func slotValue(vals map[string]i18n.Value, s *catalogue.Service, name string, slots map[string]gateway.Private) bool {
	in, shown, known := s.Slot(name)
	raw, filled := slots[name]
	if !known || !filled {
		return false
	}
	if in.Type != catalogue.InputChoice {
		vals[name] = i18n.Value{Kind: shown.Kind, Raw: raw.Reveal()}
		return true
	}
	s.Label(vals, name, raw.Reveal())
	return true
}

// fieldValue adds a field of an answer to vals: once, or in each language that
// it comes in.
func fieldValue(vals map[string]i18n.Value, s *catalogue.Service, name string, fields map[string]string) bool {
	f, known := s.Fields[name]
	if !known {
		return false
	}
	if raw, ok := fields[name]; ok {
		vals[name] = i18n.Value{Kind: f.Kind, Raw: raw}
		return true
	}
	found := false
	for _, suffix := range [...]string{".bn", ".hi", ".en"} {
		if raw, ok := fields[name+suffix]; ok {
			vals[name+suffix] = i18n.Value{Kind: f.Kind, Raw: raw}
			found = true
		}
	}
	return found
}
