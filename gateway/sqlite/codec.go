package sqlite

import (
	"encoding/json"
	"fmt"

	"setu/gateway"
	"setu/gateway/packed"
	"setu/i18n"
	"setu/ledgerclient"
)

// Flags of a message in the inbox.
const (
	flagIncomplete = 1 << iota
	flagUndecodable
)

// The columns of itemColumns.
const (
	colID = iota
	colKind
	colLane
	colState
	colToken
	colDue
	colNext
	colExpires
	colUnless
	colPayload
	colSaved
	colAttempts
	colReason
	colCreated
	colHead
	colLink
	colReceipt
)

// storedSession is a session in the file. Private values are revealed by name
// here and nowhere else: their own JSON says "[private]". The names are part of
// the file's format.
type storedSession struct {
	Lang     i18n.Lang       `json:"lang,omitempty"`
	Chosen   bool            `json:"chosen,omitempty"`
	Native   bool            `json:"native,omitempty"`
	Latin    bool            `json:"latin,omitempty"`
	Stopped  bool            `json:"stopped,omitempty"`
	Updated  int64           `json:"updated,omitempty"`
	Dialogue *storedDialogue `json:"dialogue,omitempty"`
	Undo     *storedUndo     `json:"undo,omitempty"`
	Live     *storedLive     `json:"live,omitempty"`
	PIN      *storedPIN      `json:"pin,omitempty"`

	Pending ledgerclient.Receipt `json:"pending,omitempty"`
}

type storedDialogue struct {
	Service string              `json:"service,omitempty"`
	Version string              `json:"version,omitempty"`
	Step    string              `json:"step,omitempty"`
	Slots   map[string]string   `json:"slots,omitempty"`
	Offers  []storedOffer       `json:"offers,omitempty"`
	Items   []map[string]string `json:"items,omitempty"`
	Trail   []string            `json:"trail,omitempty"`
	Tries   int                 `json:"tries,omitempty"`
	Page    int                 `json:"page,omitempty"`
	Said    json.RawMessage     `json:"said,omitempty"`
	// Last is the last reply as older files have it, before package packed.
	Last *gateway.Reply `json:"last,omitempty"`
}

// storedLive is the last screen of a live channel.
type storedLive struct {
	Session string `json:"session,omitempty"`
	Key     string `json:"key,omitempty"`
	Proved  bool   `json:"proved,omitempty"`
	Device  bool   `json:"device,omitempty"`
	// Last says that the screen is the dialogue's last reply.
	Last  bool            `json:"last,omitempty"`
	Shown json.RawMessage `json:"shown,omitempty"`
}

type storedPIN struct {
	MAC    string `json:"mac,omitempty"`
	Chosen string `json:"chosen,omitempty"`
	Wrong  int    `json:"wrong,omitempty"`
	Locks  int    `json:"locks,omitempty"`
	Until  int64  `json:"until,omitempty"`
}

type storedUndo struct {
	Ask     gateway.Ask          `json:"ask"`
	Receipt ledgerclient.Receipt `json:"receipt,omitempty"`
	Until   int64                `json:"until,omitempty"`
}

func decodeSession(citizen gateway.Address, version int64, body []byte) (gateway.Session, error) {
	var in storedSession
	if err := json.Unmarshal(body, &in); err != nil {
		return gateway.Session{}, fmt.Errorf("decode session: %w", err)
	}
	s := gateway.Session{
		Citizen: citizen, Version: version,
		Lang: in.Lang, LangChosen: in.Chosen, Native: in.Native, Latin: in.Latin, Stopped: in.Stopped, Updated: instant(in.Updated), Pending: in.Pending,
	}
	if d := in.Dialogue; d != nil {
		s.Dialogue = gateway.Dialogue{
			Service: d.Service, Version: d.Version, Step: d.Step, Offers: offers(d.Offers), Items: d.Items,
			Trail: d.Trail, Tries: d.Tries, Page: d.Page, Last: gateway.Packed(d.Said),
		}
		if d.Last != nil {
			s.Dialogue.Last = packed.Of(*d.Last)
		}
		if d.Slots != nil {
			s.Dialogue.Slots = make(map[string]gateway.Private, len(d.Slots))
			for name, v := range d.Slots {
				s.Dialogue.Slots[name] = gateway.Private(v)
			}
		}
	}
	if l := in.Live; l != nil {
		s.Live = gateway.Live{Session: l.Session, Key: l.Key, Proved: l.Proved, Device: l.Device, Shown: gateway.Packed(l.Shown)}
		if l.Last {
			s.Live.Shown = s.Dialogue.Last
		}
	}
	if p := in.PIN; p != nil {
		s.PIN = gateway.PIN{MAC: p.MAC, Chosen: p.Chosen, Wrong: p.Wrong, Locks: p.Locks, Until: instant(p.Until)}
	}
	if u := in.Undo; u != nil {
		s.Undo = &gateway.Undo{Ask: u.Ask, Receipt: u.Receipt, Until: instant(u.Until)}
	}
	return s, nil
}

// payload is what an effect holds beside its columns.
type payload struct {
	Medium  gateway.Medium `json:"medium,omitempty"`
	Link    string         `json:"link,omitempty"`
	Citizen string         `json:"citizen,omitempty"`
	Code    string         `json:"code,omitempty"`
	SMS     *storedSMS     `json:"sms,omitempty"`
	Tx      *storedTx      `json:"tx,omitempty"`
	Ask     *gateway.Ask   `json:"ask,omitempty"`
}

type storedSMS struct {
	Text    string          `json:"text"`
	Class   string          `json:"class,omitempty"`
	Say     *gateway.Reply  `json:"say,omitempty"`
	Service string          `json:"service,omitempty"`
	Result  *gateway.Result `json:"result,omitempty"`
}

func storeSMS(m gateway.SMSOut) *storedSMS {
	return &storedSMS{m.Text.Reveal(), m.Class, m.Say, m.Service, m.Result}
}

func (m *storedSMS) out() *gateway.SMSOut {
	return &gateway.SMSOut{Text: gateway.Private(m.Text), Class: m.Class, Say: m.Say, Service: m.Service, Result: m.Result}
}

// storedTx is a transaction without its saved bytes, which have a column.
type storedTx struct {
	Receipt  ledgerclient.Receipt        `json:"receipt"`
	Key      string                      `json:"key"`
	Envelope ledgerclient.SignedEnvelope `json:"envelope"`
	Salts    map[string]string           `json:"salts,omitempty"`
	Device   string                      `json:"device,omitempty"`
}

// storedSaved is the column of a transaction's saved bytes.
type storedSaved struct {
	ledgerclient.Transaction
	Rebuilt int `json:"rebuilt,omitempty"`
}

func encodePayload(e *gateway.Effect) ([]byte, error) {
	if e.Tx == nil && e.Ask == nil && e.SMS != nil && e.SMS.Say == nil && e.SMS.Result == nil {
		return encodeMessage(e), nil
	}
	p := payload{
		Medium: e.To.Medium, Link: e.To.Link, Citizen: e.To.Citizen.Reveal(), Code: e.To.Code.Reveal(), Ask: e.Ask,
	}
	if e.SMS != nil {
		p.SMS = storeSMS(*e.SMS)
	}
	if e.Tx != nil {
		p.Tx = &storedTx{Receipt: e.Tx.Receipt, Key: e.Tx.Key, Envelope: e.Tx.Envelope, Salts: e.Tx.Salts, Device: e.Tx.Device}
	}
	return json.Marshal(&p)
}

// decodeItem decodes a row of itemColumns.
func decodeItem(v []value) (gateway.Item, error) {
	var p payload
	if err := json.Unmarshal(octets(v[colPayload]), &p); err != nil {
		return gateway.Item{}, fmt.Errorf("decode item %d: %w", number(v[colID]), err)
	}
	it := gateway.Item{
		Effect: gateway.Effect{
			Kind: gateway.Kind(number(v[colKind])), Lane: text(v[colLane]), //nolint:gosec // written by this package
			Due: instant(number(v[colDue])), Expires: instant(number(v[colExpires])),
			Unless: ledgerclient.Receipt(text(v[colUnless])),
			Ask:    p.Ask,
			To:     gateway.Route{Medium: p.Medium, Link: p.Link, Citizen: gateway.Address(p.Citizen), Code: gateway.Address(p.Code)},
		},
		ID: number(v[colID]), State: gateway.State(number(v[colState])), Token: number(v[colToken]), //nolint:gosec // written by this package
		Attempts: int(number(v[colAttempts])), Reason: text(v[colReason]), Created: instant(number(v[colCreated])),
	}
	if number(v[colHead]) == isLeased {
		it.Leased = instant(number(v[colNext]))
	} else {
		it.Token = 0 // of a lease that has ended
	}
	if p.SMS != nil {
		it.SMS = p.SMS.out()
	}
	if p.Tx == nil {
		return it, nil
	}
	it.Tx = &gateway.TxOut{Receipt: p.Tx.Receipt, Key: p.Tx.Key, Envelope: p.Tx.Envelope, Salts: p.Tx.Salts, Device: p.Tx.Device}
	if saved := octets(v[colSaved]); len(saved) > 0 {
		var s storedSaved
		if err := json.Unmarshal(saved, &s); err != nil {
			return gateway.Item{}, fmt.Errorf("decode transaction of item %d: %w", it.ID, err)
		}
		it.Tx.Saved, it.Tx.Rebuilt = s.Transaction, s.Rebuilt
	}
	return it, nil
}

func decodeItems(rows [][]value) ([]gateway.Item, error) {
	items := make([]gateway.Item, 0, len(rows))
	for _, v := range rows {
		it, err := decodeItem(v)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

// number, text and octets read a column; NULL is the zero value.
func number(v value) int64 {
	n, _ := v.(int64)
	return n
}

func text(v value) string {
	s, _ := v.(string)
	return s
}

func octets(v value) []byte {
	b, _ := v.([]byte)
	return b
}
