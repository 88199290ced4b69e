package httpsig

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dunglas/httpsfv"
)

// Message is what a signature can cover of a request or a response.
type Message struct {
	Method    string
	Authority string // host in lower case, with its port unless it is 443
	Path      string // as it is on the wire, "/" when empty
	Query     string // with its "?", which also stands alone
	Status    int    // of a response; 0 is a request
	Header    http.Header
}

// OfRequest is the message of a request over TLS, at its sender or at its
// receiver.
func OfRequest(r *http.Request) Message {
	authority := r.Host
	if authority == "" {
		authority = r.URL.Host
	}
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/"
	}
	return Message{
		Method: r.Method, Authority: strings.TrimSuffix(strings.ToLower(authority), ":443"),
		Path: path, Query: "?" + r.URL.RawQuery, Header: r.Header,
	}
}

// OfResponse is the message of a response.
func OfResponse(r *http.Response) Message {
	return Message{Status: r.StatusCode, Header: r.Header}
}

// value is a component's value by RFC 9421 sections 2.1 and 2.2. False says
// that the message has no such component.
func (m Message) value(name string) (string, bool) {
	if strings.HasPrefix(name, "@") {
		return m.derived(name)
	}
	lines := m.Header.Values(name)
	if len(lines) == 0 {
		return "", false
	}
	if len(lines) == 1 {
		return strings.Trim(lines[0], " \t"), true
	}
	trimmed := make([]string, len(lines))
	for i, l := range lines {
		trimmed[i] = strings.Trim(l, " \t")
	}
	return strings.Join(trimmed, ", "), true
}

func (m Message) derived(name string) (string, bool) {
	if m.Status != 0 {
		return strconv.Itoa(m.Status), name == "@status"
	}
	switch name {
	case "@method":
		return m.Method, true
	case "@authority":
		return m.Authority, true
	case "@path":
		return m.Path, true
	case "@query":
		return m.Query, true
	}
	return "", false
}

// covered are the names of the components of a signature. Components with
// parameters are not of our profile.
func covered(input httpsfv.InnerList) ([]string, error) {
	names := make([]string, 0, len(input.Items))
	for _, item := range input.Items {
		name, ok := item.Value.(string)
		if !ok || name != strings.ToLower(name) || len(item.Params.Names()) > 0 || slices.Contains(names, name) {
			return nil, fmt.Errorf("%w: covered components", ErrSyntax)
		}
		names = append(names, name)
	}
	return names, nil
}

// base is the signature base of RFC 9421 section 2.5, of the given components
// and with the parameters as they stand in Signature-Input.
func (m Message) base(names []string, params string) ([]byte, error) {
	b := make([]byte, 0, 512)
	for _, name := range names {
		v, ok := m.value(name)
		if !ok {
			return nil, fmt.Errorf("%w: the message has no %q", ErrCoverage, name)
		}
		if strings.ContainsAny(v, "\r\n") {
			return nil, fmt.Errorf("%w: %q", ErrSyntax, name)
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, `": `...)
		b = append(b, v...)
		b = append(b, '\n')
	}
	b = append(b, `"@signature-params": `...)
	return append(b, params...), nil
}

// required are the components that a signature must cover.
func (m Message) required() []string {
	names := []string{"@method", "@authority", "@path", "@query"}
	if m.Status != 0 {
		names = []string{"@status"}
	}
	for _, field := range []string{"Content-Type", fieldDigest, fieldKey} {
		if len(m.Header.Values(field)) > 0 {
			names = append(names, strings.ToLower(field))
		}
	}
	return names
}
