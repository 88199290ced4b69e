package contracts_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"setu/ledgerclient"
	"setu/ledgerclient/contracts"
)

// state is a world in a map that fails on request and counts what is put.
type state struct {
	records map[string]string
	puts    int
	fail    error
}

var _ contracts.State = (*state)(nil)

func (s *state) Get(key string) ([]byte, error) {
	value, ok := s.records[key]
	if !ok || s.fail != nil {
		return nil, s.fail
	}
	return []byte(value), nil
}

func (s *state) Put(key string, value []byte) error {
	s.puts++
	if value == nil {
		delete(s.records, key)
	} else {
		s.records[key] = string(value)
	}
	return s.fail
}

func (s *state) Range(from, to string, each func(string, []byte) bool) error {
	var keys []string
	for key := range s.records {
		if from <= key && key < to {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		if !each(key, []byte(s.records[key])) {
			break
		}
	}
	return s.fail
}

const (
	rekha = "1.pseudonym-of-rekha" // who asks
	amina = "1.pseudonym-of-amina" // who does not
)

// newState is a small world with one record of each kind, and some of others'.
func newState() *state {
	return &state{records: map[string]string{
		"benefit~1000000001": `{"amount":"1000","holder":"","month":"2026-11-01","next":"2026-12-10","paid":"2026-11-10","scheme.bn":"ভাতা","status":"paid"}`,
		"benefit~1000000028": `{"amount":"1000","holder":"` + rekha + `","month":"2026-11-01","next":"2026-12-10","paid":"2026-11-10","scheme.bn":"ভাতা","status":"pending"}`,
		"benefit~1000000036": `{"amount":"1000","holder":"` + amina + `","month":"2026-11-01","paid":"2026-11-10","status":"paid"}`,
		"price~paddy~":       `{"date":"2026-11-22","market.bn":"গড়","price":"2300"}`,
		"price~paddy~nadia":  `{"date":"2026-11-22","market.bn":"চাকদহ","price":"2310"}`,
		"centre~0":           `{"centre.bn":"মান্ডি ০"}`, "centre~1": `{"centre.bn":"মান্ডি ১"}`, "centre~2": `{"centre.bn":"মান্ডি ২"}`,
		"centre~3": `{"centre.bn":"মান্ডি ৩"}`, "centre~4": `{"centre.bn":"মান্ডি ৪"}`, "centre~5": `{"centre.bn":"মান্ডি ৫"}`,
		"centre~6": `{"centre.bn":"মান্ডি ৬"}`, "centre~7": `{"centre.bn":"মান্ডি ৭"}`,
		"lot~50000004":                       `{"amount":"92000","centre.bn":"মান্ডি","crop":"paddy","date":"2026-11-10","holder":"","status":"paid","weight":"4000"}`,
		"lot~50000012":                       `{"crop":"paddy","date":"2026-11-10","holder":"` + amina + `","status":"graded","weight":"100"}`,
		"case~2000000002":                    `{"date":"2026-10-01","office.bn":"ভূমি দপ্তর","status":"hearing"}`,
		"plot~101~12~34":                     `{"area":"12.5","class.bn":"শালি","mouza.bn":"রামপুর","owner.bn":"রবি দাস"}`,
		"document~WB10000001":                `{"issued":"2020-01-31","kind.bn":"জন্ম শংসাপত্র","name.bn":"র*** দাস","office.bn":"ব্লক অফিস"}`,
		"document~WB10000002":                `{"issued":"2020-01-31","kind.bn":"জন্ম শংসাপত্র","office.bn":"ব্লক অফিস","revoked":"2026-01-01"}`,
		"dochash~aaaaaaaaaaaaaaaa" + zeros48: `{"number":"WB10000001"}`,
		"dochash~bbbbbbbbbbbbbbbb" + zeros48: `{"number":"WB10000002"}`,
		"dochash~cccccccccccc0000" + zeros48: `{"number":"WB10000001"}`,
		"dochash~cccccccccccc1111" + zeros48: `{"number":"WB10000002"}`,
		"academic~3000000003":                `{"board.bn":"পর্ষদ","exam.bn":"মাধ্যমিক","name.bn":"রবি দাস","open":"yes","result":"first","year":"2020"}`,
		"academic~3000000011":                `{"board.bn":"পর্ষদ","exam.bn":"মাধ্যমিক","name.bn":"রবি দাস","open":"no","result":"first","year":"2020"}`,
		"health~4000000004":                  `{"balance":"450000","family.bn":"রবি দাস","holder":"","members":"4","valid":"2027-03-31"}`,
		"health~4000000012":                  `{"balance":"1","holder":"` + amina + `","members":"4","valid":"2027-03-31"}`,
		"site~wb.example.gov":                `{"changed":"no","pages":"120","time":"2026-11-21T04:00:00Z"}`,
		"office~land":                        `{"office.bn":"ভূমি দপ্তর"}`,
		"grievance~60000007":                 `{"date":"2026-11-20","holder":"","office.bn":"ভূমি দপ্তর","status":"assigned","subject":"land"}`,
		"grievance~60000015":                 `{"date":"2026-11-20","holder":"` + amina + `","status":"open","subject":"land"}`,
		"holder~district-hospital":           `{"holder.bn":"জেলা হাসপাতাল"}`,
		"purpose~treatment":                  `{"purpose.bn":"চিকিৎসা"}`,
		"consent~" + rekha + "~70000007":     `{"holder.bn":"জেলা হাসপাতাল","purpose.bn":"চিকিৎসা","since":"2026-01-01","until":"2026-11-22"}`,
		"consent~" + rekha + "~70000015":     `{"holder.bn":"ব্যাঙ্ক","purpose.bn":"ঋণ","since":"2026-01-01","until":"2026-11-21"}`,
		"consent~" + rekha + "~70000023":     `{"holder.bn":"ব্যাঙ্ক","purpose.bn":"ঋণ","since":"2026-01-01","until":"2030-01-01","withdrawn":"2026-02-02"}`,
		"consent~" + amina + "~70000031":     `{"holder.bn":"ব্যাঙ্ক","purpose.bn":"ঋণ","since":"2026-01-01","until":"2030-01-01"}`,
		"registry~library~CARD-1":            `{"name.bn":"রবি দাস","until":"2027-01-01"}`,
	}}
}

const zeros48 = "000000000000000000000000000000000000000000000000"

// args are pairs of name and value.
func args(pairs ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

var noon = time.Date(2026, 11, 22, 6, 30, 0, 0, time.UTC) // 12:00 in India

func request(contract, function string, args map[string]string) contracts.Request {
	return contracts.Request{
		Call:   ledgerclient.Call{Contract: contract, Function: function, Args: args},
		Caller: ledgerclient.Caller{Pseudonym: rekha, Channel: "sms", Assurance: ledgerclient.Number},
		Time:   noon,
	}
}

// invoke carries out a transaction that must not fail.
func invoke(t *testing.T, s *state, r contracts.Request, receipt ledgerclient.Receipt) (ledgerclient.Answer, bool) {
	t.Helper()
	r.Receipt, r.Key = receipt, "key-"+string(receipt)
	a, wrote, err := contracts.Invoke(s, r)
	if err != nil {
		t.Fatalf("Invoke(%s.%s): %v", r.Call.Contract, r.Call.Function, err)
	}
	return a, wrote
}

// receipts draws receipt numbers.
func receipts(t *testing.T, n int) []ledgerclient.Receipt {
	t.Helper()
	rs := make([]ledgerclient.Receipt, n)
	for i := range rs {
		rs[i] = ledgerclient.NewReceipt()
	}
	return rs
}

var errBroken = errors.New("state is broken")
