package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"setu/ledgerclient"
)

// A block is one line of JSON. Its last member is the hash: SHA-256 over all
// octets of the line before it, among them the hash of the block before.

const (
	hashOpen   = `,"hash":"`
	hashClose  = `"}` + "\n"
	sealOctets = len(hashOpen) + 2*sha256.Size + len(hashClose)
)

var errBlock = errors.New("block cannot be read")

type digest [sha256.Size]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

type block struct {
	Number   uint64
	Time     time.Time
	Previous digest
	Txs      []blockTx
}

// blockTx is one entry of a block: a citizen's transaction or, without an
// envelope, records that the sandbox laid down itself.
type blockTx struct {
	ID       string
	Envelope ledgerclient.SignedEnvelope
	Writes   []write
}

// seal gives the block's line and its hash.
func (b *block) seal() ([]byte, digest, error) {
	line := make([]byte, 0, 256+1024*len(b.Txs))
	line = append(line, `{"number":`...)
	line = strconv.AppendUint(line, b.Number, 10)
	line = append(line, `,"time":"`...)
	line = b.Time.AppendFormat(line, ledgerclient.TimeLayout)
	line = append(line, `","previous":"`...)
	line = hex.AppendEncode(line, b.Previous[:])
	line = append(line, `","txs":[`...)
	for i := range b.Txs {
		if i > 0 {
			line = append(line, ',')
		}
		var err error
		if line, err = b.Txs[i].append(line); err != nil {
			return nil, digest{}, err
		}
	}
	line = append(line, ']')
	hash := digest(sha256.Sum256(line))
	line = append(line, hashOpen...)
	line = hex.AppendEncode(line, hash[:])
	return append(line, hashClose...), hash, nil
}

func (t *blockTx) append(line []byte) ([]byte, error) {
	line = append(line, `{"id":"`...)
	line = append(line, t.ID...)
	line = append(line, '"')
	if t.Envelope.Canonical != nil {
		sig, err := json.Marshal(t.Envelope.Signature)
		if err != nil {
			return nil, err
		}
		// The envelope is JSON already, and stays as it was signed.
		line = append(line, `,"envelope":`...)
		line = append(line, t.Envelope.Canonical...)
		line = append(line, `,"signature":`...)
		line = append(line, sig...)
	}
	line = append(line, `,"writes":[`...)
	for i, w := range t.Writes {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, `{"k":"`...)
		line = append(line, w.Key...)
		line = append(line, `","v":`...)
		if w.Value == nil {
			line = append(line, "null"...)
		} else {
			line = append(line, w.Value...)
		}
		line = append(line, '}')
	}
	return append(line, ']', '}'), nil
}

// unseal checks a line's hash and reads the block.
func unseal(line []byte) (*block, digest, error) {
	body, hash, ok := checkSeal(line)
	if !ok {
		return nil, digest{}, fmt.Errorf("%w: its hash is not that of its octets", errBlock)
	}
	var b struct {
		Number   uint64
		Time     time.Time
		Previous string
		Txs      []struct {
			ID        string
			Envelope  json.RawMessage
			Signature ledgerclient.Signature
			Writes    []struct {
				K string
				V json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(append(body[:len(body):len(body)], '}'), &b); err != nil {
		return nil, digest{}, fmt.Errorf("%w: %w", errBlock, err)
	}
	out := &block{Number: b.Number, Time: b.Time, Txs: make([]blockTx, len(b.Txs))}
	if n, err := hex.Decode(out.Previous[:], []byte(b.Previous)); err != nil || n != sha256.Size {
		return nil, digest{}, fmt.Errorf("%w: previous hash", errBlock)
	}
	for i, t := range b.Txs {
		tx := blockTx{ID: t.ID, Writes: make([]write, len(t.Writes))}
		if len(t.Envelope) > 0 {
			tx.Envelope = ledgerclient.SignedEnvelope{Canonical: t.Envelope, Signature: t.Signature}
		}
		for j, w := range t.Writes {
			tx.Writes[j].Key = w.K
			if string(w.V) != "null" {
				tx.Writes[j].Value = slices.Clip(w.V)
			}
		}
		out.Txs[i] = tx
	}
	return out, hash, nil
}

// checkSeal splits a line into what is hashed and its hash.
func checkSeal(line []byte) (body []byte, hash digest, ok bool) {
	at := len(line) - sealOctets
	if at < 0 || !bytes.HasPrefix(line[at:], []byte(hashOpen)) || !bytes.HasSuffix(line, []byte(hashClose)) {
		return nil, digest{}, false
	}
	hash = sha256.Sum256(line[:at])
	return line[:at], hash, string(line[at+len(hashOpen):len(line)-len(hashClose)]) == hash.String()
}
