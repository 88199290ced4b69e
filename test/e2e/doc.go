// Package e2e holds the tests that use the gateway as citizens, providers and
// operators do: the built binary, SMPP on loopback, the admin listener and the
// command line. Nothing here looks inside the process.
package e2e
