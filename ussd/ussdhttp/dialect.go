package ussdhttp

import (
	"embed"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"setu/gateway"
	"setu/ussd"
)

//go:embed dialects/*.yaml
var embedded embed.FS

// Embedded are the dialects that ship.
func Embedded() fs.FS {
	sub, err := fs.Sub(embedded, "dialects")
	if err != nil { // only for a name that is no path
		return embedded
	}
	return sub
}

// Dialects are dialects by name.
type Dialects map[string]*Dialect

// Names are the names in order.
func (d Dialects) Names() []string { return slices.Sorted(maps.Keys(d)) }

// Load reads all dialects of the folders, each named after its file; see
// [ussd.LoadDialects]. The error tells all that is wrong, by file and line.
func Load(folders ...fs.FS) (Dialects, error) {
	return ussd.LoadDialects(Parse, func(d *Dialect) string { return d.Name }, folders...)
}

// fieldIn says where fields of a request are.
type fieldIn uint8

const (
	inForm  fieldIn = iota // of the body
	inQuery                // of the URL
	inBody                 // JSON
)

// maxFields is how many fields of a request a dialect may name.
const maxFields = 16

// field is a field of the request.
type field struct {
	names  []string // the first that is there counts
	header string   // of the HTTP header instead
}

// known are the fields that mean something, as indexes of Dialect.fields; -1 is
// none.
type known struct {
	session, number, code, text, sequence int
}

// Dialect is how one kind of USSD gateway speaks HTTP. It may be used by many
// goroutines.
type Dialect struct {
	Name  string // of its file, without .yaml
	Title string // for people
	// Limit is the room of a screen as far as the dialect says.
	Limit ussd.Limit

	methods    []string
	in         fieldIn
	fields     []field
	known      known
	path       []string // elements of the path behind the mount; "" none
	cumulative bool
	// sessionOptional: requests without a session's identifier are read, and
	// belong to the citizen's only session.
	sessionOptional bool
	dialled         dialled
	numberForm      form
	codeForm        form
	rules           []rule
	inputTold       bool // a rule tells inputs, so that nothing else is one

	screen, done, push, refusal body
	more, end                   scalar
	answer                      answerShape
	send                        map[gateway.Event]*outgoing
}

// dialled says what the text holds when a session is opened.
type dialled uint8

const (
	dialledRest   dialled = iota // what followed the code
	dialledBare                  // the code and what followed, as 51969*1
	dialledString                // the same as it was dialled: *51969*1#
	dialledNone                  // nothing that is meant for us
)

// full says that the text begins with the code.
func (d dialled) full() bool { return d == dialledBare || d == dialledString }

// form is how a number or a code is written.
type form uint8

const (
	formBare    form = iota
	formPlus         // +919800000000
	formTel          // tel:919800000000
	formTelPlus      // tel:+919800000000
	formDialled      // *51969#
)

// rule tells an event; all that it names must hold.
type rule struct {
	event    gateway.Event
	status   bool // nothing happened to the citizen: only answer
	path     string
	field    int // -1: none
	is       []scalar
	empty    bool // the text is
	code     bool // the text names a service code
	contains string
	send     *scalar // what the gateway's side sends
}

// Parse reads one dialect; name is that of its file.
func Parse(name string, src []byte) (*Dialect, error) {
	f, err := parseFile(name, src)
	if err != nil {
		return nil, err
	}
	d, wrong := compile(f)
	d.Name = strings.TrimSuffix(path.Base(name), ".yaml")
	if !validName(d.Name) {
		wrong.add("$", "the file's name %q is the dialect's: small letters, digits and - only", d.Name)
	}
	if len(wrong) > 0 {
		return nil, wrong.lines(name, src)
	}
	return d, nil
}

// validName says that a name can stand in a path.
func validName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
