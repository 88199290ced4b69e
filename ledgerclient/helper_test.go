package ledgerclient_test

import (
	"time"

	"setu/ledgerclient"
)

// exampleEnvelope is a complete envelope with a fixed receipt.
func exampleEnvelope() ledgerclient.Envelope {
	return ledgerclient.Envelope{
		Receipt: "816452693521", Key: "4f1c", Service: "benefit", Version: "1",
		Call: ledgerclient.Call{
			Contract: "benefits", Function: "Acknowledge", Args: map[string]string{"beneficiary": "1000000001"},
		},
		Caller: ledgerclient.Caller{Pseudonym: "1.pG0gQ5JW27833_DwoE_FiQ4v", Channel: "sms", Assurance: ledgerclient.Number},
		Time:   time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC),
		KeyID:  "5d68d3db8a4c5fe5",
	}
}
