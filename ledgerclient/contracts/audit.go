package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"setu/ledgerclient"
)

// A gateway's audit log is anchored here: the size and root of its tree, from time
// to time. Who has the log, or a proof of one leaf, compares it with what stands
// on the ledger, which no gateway can change.

// maxOrigin is the longest name of a log, in octets.
const maxOrigin = 128

// anchorKey is the state key of a log's latest anchor, or of the one of a size.
func anchorKey(origin string, size ...int64) string {
	sum := sha256.Sum256([]byte(origin))
	key := "anchor~" + hex.EncodeToString(sum[:16])
	for _, n := range size {
		key += "~" + strconv.FormatInt(n, 10)
	}
	return key
}

// anchorSize reads a size in plain digits.
func anchorSize(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n > 0 && strconv.FormatInt(n, 10) == s
}

// auditAnchor keeps a checkpoint: done. It refuses one that is smaller than the
// latest (shrunk), another root for the same size (forked), the same again
// (already), and anybody but who anchored the log first (denied).
func auditAnchor(c *call) ledgerclient.Answer {
	origin, root := c.arg("origin"), c.arg("root")
	size, ok := anchorSize(c.arg("size"))
	octets, err := hex.DecodeString(root)
	switch {
	case origin == "" || len(origin) > maxOrigin:
		return invalid("origin")
	case !ok:
		return invalid("size")
	case err != nil || len(octets) != sha256.Size || root != strings.ToLower(root):
		return invalid("root")
	}
	latest, ok := c.get(anchorKey(origin))
	if ok {
		if latest.Get("holder") != c.Caller.Pseudonym {
			return answer(codeDenied)
		}
		had, whole := anchorSize(latest.Get("size"))
		switch {
		case !whole:
			c.err = ErrRecord
			return ledgerclient.Answer{}
		case size < had:
			return answer("shrunk", "size", latest.Get("size"))
		case size == had && root != latest.Get("root"):
			return answer("forked", "size", latest.Get("size"))
		case size == had:
			return answer(codeAlready)
		}
	}
	r := ledgerclient.Record{
		{Name: "holder", Value: c.Caller.Pseudonym},
		{Name: "origin", Value: origin},
		{Name: "receipt", Value: string(c.Receipt)},
		{Name: "root", Value: root},
		{Name: "size", Value: strconv.FormatInt(size, 10)},
		{Name: "time", Value: c.Time.UTC().Format(ledgerclient.TimeLayout)},
	}
	c.put(anchorKey(origin), r)
	c.put(anchorKey(origin, size), r)
	return answer(codeDone, "size", strconv.FormatInt(size, 10))
}

// auditCheckpoint gives the latest anchor of a log, or the one of a size: found,
// with origin, size, root, time and receipt, or missing.
func auditCheckpoint(c *call) ledgerclient.Answer {
	key := anchorKey(c.arg("origin"))
	if c.arg("size") != "" {
		size, ok := anchorSize(c.arg("size"))
		if !ok {
			return invalid("size")
		}
		key = anchorKey(c.arg("origin"), size)
	}
	r, ok := c.get(key)
	if !ok {
		return answer(codeMissing)
	}
	return pick(answer(codeFound), r, "origin", "receipt", "root", "size", "time")
}
