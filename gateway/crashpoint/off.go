//go:build !crashpoints

// Package crashpoint names the places where a gateway may lose its process
// with the worst effect. A binary built with the tag "crashpoints" kills
// itself at the place that SETU_CRASH names; any other binary does nothing
// there. The tests in test/fault kill at each of them.
package crashpoint

// Here does nothing.
func Here(string) {}
