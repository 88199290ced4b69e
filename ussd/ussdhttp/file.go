package ussdhttp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// file is a dialect as its file says it; dialect.schema.json tells an editor
// the same, with what each key means.
type file struct {
	Title   string      `yaml:"title"`
	Request fileRequest `yaml:"request"`
	Reply   fileReply   `yaml:"reply"`
	Push    *fileBody   `yaml:"push"`
	Refusal fileRefusal `yaml:"refusal"`
	Limits  fileLimits  `yaml:"limits"`
}

// fileRequest is what the gateway sends.
type fileRequest struct {
	Methods         []string          `yaml:"methods"`
	Path            string            `yaml:"path"`
	Fields          string            `yaml:"fields"` // form, query or json
	Session         names             `yaml:"session"`
	SessionOptional bool              `yaml:"session_optional"`
	Number          names             `yaml:"number"`
	Code            names             `yaml:"code"`
	Text            names             `yaml:"text"`
	Seq             names             `yaml:"sequence"`
	Inputs          string            `yaml:"inputs"` // last or all
	Dialled         string            `yaml:"dialled"`
	Forms           fileForms         `yaml:"forms"`
	Events          []fileEvent       `yaml:"events"`
	Also            map[string]scalar `yaml:"also"`
}

// fileForms are how the gateway writes numbers and codes.
type fileForms struct {
	Number string `yaml:"number"` // plus, bare, tel or tel-plus
	Code   string `yaml:"code"`   // bare, dialled or tel
}

// fileEvent is one rule that tells what happened.
type fileEvent struct {
	Event    string   `yaml:"event"`
	Path     string   `yaml:"path"`
	Field    string   `yaml:"field"`
	Is       []scalar `yaml:"is"`
	Text     string   `yaml:"text"` // empty or code
	Contains string   `yaml:"contains"`
	Send     *scalar  `yaml:"send"`
}

// fileReply is how a screen is answered.
type fileReply struct {
	Shape fileBody  `yaml:",inline"`
	Marks fileMarks `yaml:"marks"`
	// Done is the answer where no screen is: to an abort, or when the screen is
	// pushed.
	Done fileBody `yaml:"done"`
}

// fileBody is a body with its headers.
type fileBody struct {
	Type    string            `yaml:"type"`
	Body    *string           `yaml:"body"`
	JSON    any               `yaml:"json"`
	Headers map[string]string `yaml:"headers"`
}

type fileMarks struct {
	More scalar `yaml:"more"`
	End  scalar `yaml:"end"`
}

// fileRefusal is the answer to what cannot be read.
type fileRefusal struct {
	Shape  fileBody `yaml:",inline"`
	Status int      `yaml:"status"`
}

// fileLimits is the room of a screen.
type fileLimits struct {
	Septets int `yaml:"septets"`
	Units   int `yaml:"units"`
}

// names are the names that a field may have; a single text is one of one.
type names []string

// UnmarshalYAML reads a text or a list of texts.
func (n *names) UnmarshalYAML(read func(any) error) error {
	var one string
	if err := read(&one); err == nil {
		*n = names{one}
		return nil
	}
	var list []string
	if err := read(&list); err != nil {
		return errors.New("a field's name, or a list of them, is expected")
	}
	*n = list
	return nil
}

// fault is what is wrong with a dialect, at a place of its file such as
// "$.request.session".
type fault struct {
	at  string
	err error
}

// faults collects what is wrong.
type faults []fault

func (f *faults) add(at, format string, args ...any) {
	*f = append(*f, fault{at: at, err: fmt.Errorf(format, args...)})
}

// lines turns faults into errors with their file and line.
func (f faults) lines(name string, src []byte) error {
	parsed, err := parser.ParseBytes(src, 0)
	if err != nil {
		return err
	}
	errs := make([]error, 0, len(f))
	for _, one := range f {
		errs = append(errs, fmt.Errorf("%s:%d: %w", name, lineOf(parsed, one.at), one.err))
	}
	return errors.Join(errs...)
}

// lineOf is the line of a place, or of what encloses it if it is not there.
func lineOf(parsed *ast.File, at string) int {
	for at != "$" && at != "" {
		if p, err := yaml.PathString(at); err == nil {
			if n, err := p.FilterFile(parsed); err == nil && n != nil && n.GetToken() != nil {
				return n.GetToken().Position.Line
			}
		}
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
	return 1
}

// parseFile decodes a dialect's file; unknown keys are errors.
func parseFile(name string, src []byte) (f file, err error) {
	defer func() { // the library's parser is not ours to trust
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: not YAML: %v", name, p)
		}
	}()
	err = yaml.NewDecoder(bytes.NewReader(src), yaml.Strict(), yaml.UseOrderedMap()).Decode(&f)
	if err == nil {
		return f, nil
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		return f, fmt.Errorf("%s:%d: %s", name, at.GetToken().Position.Line, at.GetMessage())
	}
	return f, fmt.Errorf("%s: %w", name, err)
}
