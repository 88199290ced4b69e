// Package fault holds the tests that kill the gateway with kill -9 and count
// what came of it: at each place of gateway/crashpoint, at random moments, in
// the middle of a start, with the ledger down or forgetful; and those that take
// the power away (test/powercut), with what was not synced lost or torn.
//
// A provider of ours stands where an operator's SMSC or a partner stands. It
// keeps each message of a citizen until that is acknowledged, sends it again on
// the next link otherwise, and gives a citizen's next message only then. The
// gateway is the built binary, with the build tag "crashpoints".
//
// What must hold at the end (audit_test.go): every acknowledged message has
// exactly one answer in the store, which came at least once; each confirmed
// request is on the ledger exactly once, in the citizen's order, and her
// receipt was told her; nothing is left unfinished; and an answer came twice
// only if a kill fell between its sending and the storing of that. The audit log
// (log_test.go) holds every checkpoint that the ledger or an operator was given,
// and one leaf for each message, transaction, end and act, and no others. Some citizens
// take back what they did, some ask for the same lot again, which is one lot
// unless they want another, and others register by USSD meanwhile.
//
// The seeds are printed. -fault.seeds (or SETU_FAULT_SEEDS) is how many are
// tried, -fault.seed (or SETU_FAULT_SEED) the first of them:
//
//	go test ./test/fault -v -timeout 3h -parallel 6 -args -fault.seeds 200
package fault
