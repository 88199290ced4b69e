package sqlite

import (
	"encoding/json"

	"setu/gateway"
	"setu/gateway/internal/object"
)

// storedOffer is ["do"] or ["do","value"]; older files have an object.
type storedOffer gateway.Offer

// UnmarshalJSON reads both forms.
func (s *storedOffer) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		return json.Unmarshal(b, (*gateway.Offer)(s))
	}
	return json.Unmarshal(b, &[]any{&s.Do, &s.Value})
}

// offers are the offers; nil gives nil.
func offers(stored []storedOffer) []gateway.Offer {
	if stored == nil {
		return nil
	}
	all := make([]gateway.Offer, len(stored))
	for i, s := range stored {
		all[i] = gateway.Offer(s)
	}
	return all
}

// putOffer writes an offer as an array.
func putOffer(o *object.JSON, f *gateway.Offer) {
	o.Open("", '[')
	o.Key("")
	o.Quote(f.Do)
	if f.Value != "" {
		o.Key("")
		o.Quote(f.Value)
	}
	o.Close(']')
}
