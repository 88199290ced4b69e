package catalogue

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong in a service folder.
type Problem struct {
	File string // folder/file, as in "benefit/bn.yaml"
	Line int    // from 1; 0 when the whole file or folder is meant
	Text string // what is wrong, and where it helps what to do
}

// String is "folder/file:line: text".
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Problems is the error of [Load]: all that is wrong, by file and line.
type Problems struct {
	List []Problem
}

// Error lists the problems, one a line.
func (p *Problems) Error() string {
	lines := make([]string, len(p.List))
	for i, one := range p.List {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// add notes a problem.
func (p *Problems) add(at place, format string, args ...any) {
	p.List = append(p.List, Problem{File: at.file, Line: at.line, Text: fmt.Sprintf(format, args...)})
}

// err is p sorted, without repetitions, or nil if there are no problems.
func (p *Problems) err() error {
	if len(p.List) == 0 {
		return nil
	}
	slices.SortStableFunc(p.List, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	p.List = slices.Compact(p.List)
	return p
}

// place is where something stands in a service folder.
type place struct {
	file string
	line int
}
