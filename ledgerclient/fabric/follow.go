package fabric

import (
	"context"
	"errors"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"setu/ledgerclient"
)

// errStream says that a peer has ended a stream of blocks. Fabric's client does
// not say why.
var errStream = errors.New("fabric: the peer's stream of blocks has ended")

// Height is the number of blocks that a peer holds. A peer that does not answer
// is left for the next one, which [Ledger.Follow] then uses too.
func (l *Ledger) Height(ctx context.Context) (uint64, error) {
	height, err := l.height(ctx)
	if err != nil {
		return 0, classify(ctx, opFollow, err)
	}
	return height, nil
}

// height asks a peer.
func (l *Ledger) height(ctx context.Context) (uint64, error) {
	m, err := l.as()
	if err != nil {
		return 0, err
	}
	proposal, err := m.system.NewProposal("GetChainInfo", client.WithArguments(l.channel))
	if err != nil {
		return 0, err
	}
	octets, err := proposal.EvaluateWithContext(ctx)
	if err != nil {
		return 0, err
	}
	var info common.BlockchainInfo
	if err := proto.Unmarshal(octets, &info); err != nil {
		return 0, err
	}
	return info.GetHeight(), nil
}

// Follow hands each block from number next on to take, in order, until ctx ends,
// the stream breaks or take fails. It never returns nil.
func (l *Ledger) Follow(ctx context.Context, next uint64, take func(ledgerclient.Block) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network, err := l.network()
	if err != nil {
		return classify(ctx, opFollow, err)
	}
	blocks, err := network.BlockEvents(ctx, client.WithStartBlock(next))
	if err != nil {
		return classify(ctx, opFollow, err)
	}
	for b := range blocks {
		if err := take(readBlock(b, l.name)); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault(opFollow, ledgerclient.Before, errStream)
}

// readBlock reads what a block says of the contract's transactions. Whatever
// else is in it is passed over.
func readBlock(b *common.Block, contract string) ledgerclient.Block {
	out := ledgerclient.Block{Number: b.GetHeader().GetNumber()}
	var codes []byte
	if m := b.GetMetadata().GetMetadata(); len(m) > int(common.BlockMetadataIndex_TRANSACTIONS_FILTER) {
		codes = m[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
	}
	for i, octets := range b.GetData().GetData() {
		if i >= len(codes) {
			break // not validated: no peer hands such a block out
		}
		code := peer.TxValidationCode(codes[i])
		// A later copy of a transaction says nothing: the first one counts.
		if code == peer.TxValidationCode_DUPLICATE_TXID {
			continue
		}
		s, err := readEntry(octets)
		if err != nil || s.contract != contract {
			continue
		}
		e := ledgerclient.Entry{
			Index: i, Envelope: ledgerclient.SignedEnvelope{Canonical: s.canonical, Signature: s.envelopeSignature()},
			Outcome: ledgerclient.Outcome{TxID: s.id},
		}
		if code != peer.TxValidationCode_VALID {
			e.Invalid = code.String()
			out.Entries = append(out.Entries, e)
			continue
		}
		if !s.result.Wrote {
			continue // it says what another transaction did
		}
		e.Outcome.Found, e.Outcome.Answer = true, s.result.Answer
		e.Outcome.Answer.AsOf = ledgerclient.AsOf{Block: out.Number, Time: s.result.Time}
		out.Entries = append(out.Entries, e)
	}
	return out
}

// readEntry reads a transaction as a block holds it. The network has checked it.
func readEntry(octets []byte) (saved, error) {
	var (
		envelope common.Envelope
		payload  common.Payload
		header   common.ChannelHeader
	)
	err := proto.Unmarshal(octets, &envelope)
	if err == nil {
		err = proto.Unmarshal(envelope.GetPayload(), &payload)
	}
	if err == nil {
		err = proto.Unmarshal(payload.GetHeader().GetChannelHeader(), &header)
	}
	if err != nil || header.GetType() != int32(common.HeaderType_ENDORSER_TRANSACTION) {
		return saved{}, errors.Join(errContract, err)
	}
	s := saved{id: header.GetTxId()}
	return s, s.readAction(payload.GetData())
}
