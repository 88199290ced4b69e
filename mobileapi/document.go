package mobileapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// document is an answer that is the same for everybody. Each encoding is made
// once, when a client first asks for it.
type document struct {
	contentType, language string
	etag                  string
	plain                 []byte
	gzip, brotli          func() []byte
}

// maxAge is how long a client may use a document without asking again.
const maxAge = "public, max-age=300"

// newDocument makes a document that is not encoded yet.
func newDocument(contentType string, body []byte) *document {
	sum := sha256.Sum256(body)
	return &document{
		contentType: contentType, plain: body,
		etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:9]) + `"`,
		gzip: sync.OnceValue(func() []byte {
			return fasthttp.AppendGzipBytesLevel(nil, body, fasthttp.CompressBestCompression)
		}),
		brotli: sync.OnceValue(func() []byte {
			return fasthttp.AppendBrotliBytesLevel(nil, body, fasthttp.CompressBrotliBestCompression)
		}),
	}
}

// send answers with a document, or that the client has it already (RFC 9110
// section 13.1.2). The validator is a weak one, since encodings share it.
func (a *API) send(r *request, d *document) error {
	h := &r.Response().Header
	h.Set(fiber.HeaderETag, "W/"+d.etag)
	h.Set(fiber.HeaderCacheControl, maxAge)
	h.Set(fiber.HeaderVary, "Accept-Language, Accept-Encoding")
	if has(r.Request().Header.Peek(fiber.HeaderIfNoneMatch), d.etag) {
		r.Status(fiber.StatusNotModified)
		return nil
	}
	h.SetContentType(d.contentType)
	if d.language != "" {
		h.Set(fiber.HeaderContentLanguage, d.language)
	}
	accepted := r.Request().Header.Peek(fiber.HeaderAcceptEncoding)
	switch {
	case takes(accepted, "br"):
		h.Set(fiber.HeaderContentEncoding, "br")
		r.Response().SetBodyRaw(d.brotli())
	case takes(accepted, "gzip"):
		h.Set(fiber.HeaderContentEncoding, "gzip")
		r.Response().SetBodyRaw(d.gzip())
	default:
		r.Response().SetBodyRaw(d.plain)
	}
	return nil
}

// has says that a field If-None-Match names a validator.
func has(field []byte, etag string) bool {
	return len(field) > 0 && (bytes.Contains(field, []byte(etag)) || string(field) == "*")
}

// takes says that a field Accept-Encoding names an encoding and does not refuse
// it by q=0.
func takes(field []byte, encoding string) bool {
	for len(field) > 0 {
		item, rest, _ := bytes.Cut(field, []byte{','})
		name, param, _ := bytes.Cut(bytes.TrimSpace(item), []byte{';'})
		if string(bytes.TrimSpace(name)) == encoding {
			q := strings.ReplaceAll(string(param), " ", "")
			return strings.Trim(strings.TrimPrefix(q, "q="), "0.") != "" || q == ""
		}
		field = rest
	}
	return false
}
