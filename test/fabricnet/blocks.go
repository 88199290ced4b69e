package fabricnet

import (
	"context"
	"strconv"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// Entry is a transaction in a block.
type Entry struct {
	Block  uint64
	TxID   string
	Code   peer.TxValidationCode
	Octets []byte // the whole envelope
}

// Entries reads a channel's transactions from the organisation's first peer, in
// the order of the blocks, also those that are recorded as invalid.
func (g *Org) Entries(ctx context.Context, channel string) ([]Entry, error) {
	conn, err := g.Peers[0].Dial()
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	id, sign, err := g.Admin.signer()
	if err != nil {
		return nil, err
	}
	gw, err := client.Connect(id, client.WithSign(sign), client.WithClientConnection(conn))
	if err != nil {
		return nil, err
	}
	defer func() { _ = gw.Close() }()
	chain := gw.GetNetwork(channel).GetContract("qscc")
	octets, err := chain.EvaluateWithContext(ctx, "GetChainInfo", client.WithArguments(channel))
	if err != nil {
		return nil, err
	}
	var info common.BlockchainInfo
	if err := proto.Unmarshal(octets, &info); err != nil {
		return nil, err
	}
	var all []Entry
	for n := range info.GetHeight() {
		octets, err := chain.EvaluateWithContext(ctx, "GetBlockByNumber", client.WithArguments(channel, strconv.FormatUint(n, 10)))
		if err != nil {
			return nil, err
		}
		if all, err = appendBlock(all, n, octets); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func appendBlock(all []Entry, number uint64, octets []byte) ([]Entry, error) {
	var block common.Block
	if err := proto.Unmarshal(octets, &block); err != nil {
		return nil, err
	}
	codes := block.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	for i, data := range block.GetData().GetData() {
		var envelope common.Envelope
		var payload common.Payload
		var header common.ChannelHeader
		if err := proto.Unmarshal(data, &envelope); err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(envelope.GetPayload(), &payload); err != nil {
			return nil, err
		}
		if err := proto.Unmarshal(payload.GetHeader().GetChannelHeader(), &header); err != nil {
			return nil, err
		}
		all = append(all, Entry{Block: number, TxID: header.GetTxId(), Code: peer.TxValidationCode(codes[i]), Octets: data})
	}
	return all, nil
}
