package fabric

import (
	"errors"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/protobuf/proto"

	"setu/ledgerclient"
)

// FuzzReadSaved: whatever a damaged store gives back is refused as damaged. Only
// octets that the certificate in them has signed are a transaction, and nobody
// guesses those.
func FuzzReadSaved(f *testing.F) {
	octets, err := proto.Marshal(&gateway.PreparedTransaction{
		TransactionId: "ab", Envelope: &common.Envelope{Payload: []byte{10, 0}, Signature: []byte("no")},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("ab", octets)
	f.Add("", []byte(nil))
	f.Add("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", octets)
	f.Fuzz(func(t *testing.T, id string, octets []byte) {
		if s, err := readSaved(ledgerclient.Transaction{ID: id, Bytes: octets}, ""); !errors.Is(err, errSaved) || s.id != "" {
			t.Errorf("readSaved(%q, %x) = %q, %v, want errSaved", id, octets, s.id, err)
		}
	})
}
