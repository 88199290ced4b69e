package fabric

import (
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

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
