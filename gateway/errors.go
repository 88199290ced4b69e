package gateway

import "errors"

// Errors of a store.
var (
	ErrStale    = errors.New("gateway: session has moved on")
	ErrTurned   = errors.New("gateway: message has had its turn")
	ErrTaken    = errors.New("gateway: receipt number is taken")
	ErrLease    = errors.New("gateway: lease is not held")
	ErrFinal    = errors.New("gateway: final states never change")
	ErrFull     = errors.New("gateway: disk reserve reached")
	ErrClosed   = errors.New("gateway: store is closed")
	ErrNotFound = errors.New("gateway: no such item")
	ErrFollowed = errors.New("gateway: these blocks were followed before")
)

// ErrNoPIN says that a citizen has no PIN that could be reset.
var ErrNoPIN = errors.New("gateway: this number has no PIN")
