package fabric

import (
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"setu/ledgerclient/fabric/protocol"
)

// entry is a transaction as a block holds it: the contract that was asked, by
// what the request says, and the one that answered.
func entry(t *testing.T, asked, answered string) []byte {
	t.Helper()
	octets := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	request := &peer.ChaincodeProposalPayload{Input: octets(&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{
		ChaincodeId: &peer.ChaincodeID{Name: asked},
		Input:       &peer.ChaincodeInput{Args: [][]byte{[]byte(protocol.Invoke), []byte("{}"), []byte("{}")}},
	}})}
	response := &peer.ProposalResponsePayload{Extension: octets(&peer.ChaincodeAction{
		ChaincodeId: &peer.ChaincodeID{Name: answered}, Response: &peer.Response{Status: 200, Payload: []byte(`{"wrote":true,"answer":{"code":"done"}}`)},
	})}
	action := &peer.ChaincodeActionPayload{
		ChaincodeProposalPayload: octets(request), Action: &peer.ChaincodeEndorsedAction{ProposalResponsePayload: octets(response)},
	}
	return octets(&common.Envelope{Payload: octets(&common.Payload{
		Header: &common.Header{ChannelHeader: octets(&common.ChannelHeader{Type: int32(common.HeaderType_ENDORSER_TRANSACTION), TxId: "t"})},
		Data:   octets(&peer.Transaction{Actions: []*peer.TransactionAction{{Payload: octets(action)}}}),
	})})
}

// Only what our contract answered is an outcome, whatever name the request bears.
func TestReadBlock_OtherContract(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		asked, answered string
		want            int
	}{
		{"setu", "setu", 1},
		{"setu", "other", 0},
		{"other", "setu", 1}, // as the peers have checked it
		{"other", "other", 0},
	} {
		out := readBlock(&common.Block{
			Header: &common.BlockHeader{Number: 7}, Data: &common.BlockData{Data: [][]byte{entry(t, tt.asked, tt.answered)}},
			Metadata: &common.BlockMetadata{Metadata: [][]byte{nil, nil, {byte(peer.TxValidationCode_VALID)}}},
		}, "setu")
		if len(out.Entries) != tt.want {
			t.Errorf("asked of %q, answered by %q: %d entries, want %d", tt.asked, tt.answered, len(out.Entries), tt.want)
		}
	}
}

// FuzzReadBlock: whatever a block holds, it is read without harm, and of each
// transaction either an outcome comes of it or a reason why there is none.
func FuzzReadBlock(f *testing.F) {
	f.Add([]byte{}, []byte{byte(peer.TxValidationCode_VALID)})
	header, err := proto.Marshal(&common.ChannelHeader{Type: int32(common.HeaderType_ENDORSER_TRANSACTION), TxId: "t"})
	if err != nil {
		f.Fatal(err)
	}
	payload, err := proto.Marshal(&common.Payload{Header: &common.Header{ChannelHeader: header}, Data: []byte{10, 0}})
	if err != nil {
		f.Fatal(err)
	}
	envelope, err := proto.Marshal(&common.Envelope{Payload: payload})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(envelope, []byte{byte(peer.TxValidationCode_VALID), byte(peer.TxValidationCode_MVCC_READ_CONFLICT)})
	f.Fuzz(func(t *testing.T, tx, codes []byte) {
		b := &common.Block{
			Header: &common.BlockHeader{Number: 7}, Data: &common.BlockData{Data: [][]byte{tx, tx}},
			Metadata: &common.BlockMetadata{Metadata: [][]byte{nil, nil, codes}},
		}
		out := readBlock(b, "setu")
		if out.Number != 7 || len(out.Entries) > min(2, len(codes)) {
			t.Fatalf("readBlock = block %d with %d entries of %d that were validated", out.Number, len(out.Entries), len(codes))
		}
		for _, e := range out.Entries {
			if e.Outcome.Found == (e.Invalid != "") || e.Outcome.Found && e.Outcome.Answer.AsOf.Block != 7 {
				t.Fatalf("entry %+v", e)
			}
		}
	})
}
