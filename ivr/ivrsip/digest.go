package ivrsip

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// realm is what callers prove their password for.
const realm = "setu"

// nonceLife is how long a challenge can be answered.
const nonceLife = time.Minute

// nonces makes challenges that need not be remembered: each holds its time and,
// sealed, the host that it was made for.
type nonces struct{ key [32]byte }

func (n *nonces) make(host string, now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, n.seal(b, host)...))
}

// good says that a nonce was made for a host a moment ago.
func (n *nonces) good(nonce, host string, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) <= 8 {
		return false
	}
	age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(b)), 0))
	return age > -time.Second && age < nonceLife && hmac.Equal(b[8:], n.seal(b[:8], host))
}

func (n *nonces) seal(b []byte, host string) []byte {
	h := hmac.New(sha256.New, n.key[:])
	_, _ = h.Write(b)
	_, _ = h.Write([]byte(host))
	return h.Sum(nil)[:16]
}

// proved finds the trunk whose caller a request is from, by its digest (RFC 3261
// §22). Nil is that there is no proof in it, or a wrong one.
func (d *Driver) proved(req *sip.Request) *trunk {
	h := req.GetHeader("Authorization")
	if h == nil {
		return nil
	}
	creds, err := digest.ParseCredentials(h.Value())
	host := hostOf(req.Source())
	if err != nil || creds.Realm != realm || !d.nonces.good(creds.Nonce, host.String(), d.cfg.Now()) {
		return nil
	}
	challenge := &digest.Challenge{Realm: realm, Nonce: creds.Nonce, Algorithm: creds.Algorithm, Opaque: creds.Opaque}
	if creds.QOP != "" {
		challenge.QOP = []string{creds.QOP}
	}
	for _, t := range d.trunks {
		if t.Caller == "" || t.Caller != creds.Username || !t.lets(host) {
			continue
		}
		want, err := digest.Digest(challenge, digest.Options{
			Method: string(req.Method), URI: creds.URI, Username: t.Caller, Password: string(t.CallerPassword),
			Count: creds.Nc, Cnonce: creds.Cnonce,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want.Response), []byte(creds.Response)) == 1 {
			return t
		}
	}
	return nil
}

// challenge asks for a proof.
func (d *Driver) challenge(req *sip.Request) sip.Header {
	c := digest.Challenge{Realm: realm, Nonce: d.nonces.make(hostOf(req.Source()).String(), d.cfg.Now()), Algorithm: "MD5", QOP: []string{"auth"}}
	return sip.NewHeader("WWW-Authenticate", c.String())
}

// prove answers the challenge of a response with the trunk's user, in the request
// that is sent again. An error says what is wrong with the challenge.
func (t *trunk) prove(req *sip.Request, res *sip.Response) error {
	asks, answers := "WWW-Authenticate", "Authorization"
	if res.StatusCode == sip.StatusProxyAuthRequired {
		asks, answers = "Proxy-Authenticate", "Proxy-Authorization"
	}
	req.RemoveHeader(answers)
	for _, h := range res.GetHeaders(asks) { // the first that both can do (RFC 8760 §2.4)
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || !digest.CanDigest(c) {
			continue
		}
		c.Algorithm = strings.ToUpper(c.Algorithm)
		creds, err := digest.Digest(c, digest.Options{Method: string(req.Method), URI: req.Recipient.String(), Username: t.User, Password: string(t.Password)})
		if err != nil {
			continue
		}
		req.AppendHeader(sip.NewHeader(answers, creds.String()))
		return nil
	}
	return fmt.Errorf("trunk %q answers %s and asks for no digest that we know", t.Name, strconv.Itoa(res.StatusCode))
}
