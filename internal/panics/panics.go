// Package panics says what of a recovered panic may be written down.
package panics

import (
	"fmt"
	"runtime"
)

// Text is what a panic says, if it is the runtime's word; any other may quote a citizen,
// even a PIN, and only its type is told.
func Text(p any) string {
	if err, ok := p.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", p)
}
