package gateway

// Commit is all that one step changes. A store writes it whole or not at all.
type Commit struct {
	// Accept is a message to be put into the inbox; it is nil when Inbox
	// names one that was accepted before, or when none is concerned.
	Accept *Inbound
	Inbox  int64
	// Turned says that the message has had its turn. Without it the message
	// is only accepted, and is handed out again after a crash.
	Turned bool
	// Joined names the stored fragments that Accept was put together from, by
	// the key that the store gave with them; they are let go. The zero value
	// names none.
	Joined FragmentKey

	Session *Session // nil: unchanged
	Effects []Effect
	Call    *CallWish // nil: none
	// Meters are counted with the commit, each once; one that stands in it
	// twice is counted twice. Of a message that is a [Committed.Duplicate] they
	// are not. The transactions and questions among Effects are not in it: a
	// store counts them when they become final, see [Ask.Meter].
	Meters []Meter

	// Live is the input of a live dialogue that has its turn with this commit,
	// and Act what an operator did by it, such as "pin.reset": for the audit log,
	// which sees of an input only its medium and link.
	Live *Inbound
	Act  string
	// Repeated is a transaction that the turn would have signed and did not, for
	// the audit log; nil is none.
	Repeated *Repeated
}

// Committed is what a store says of a commit that is on disk.
type Committed struct {
	// Duplicate says that Accept was in the inbox already: nothing was
	// written, and the first copy is being served.
	Duplicate bool
	Inbox     int64 // the row of Accept
	// Items are the effects that were leased to the caller with the commit,
	// because nothing earlier waits in their lane and the caller asked for
	// it. The others are claimed later.
	Items []Item
}

// Fragment is one part of a long message, kept until the others have come.
type Fragment struct {
	Key   FragmentKey
	Seq   uint8   // from 1
	Raw   Private // the part as the driver encoded it; the driver's own form
	Inbox Inbound // of this part, without text
}

// FragmentKey tells the parts of one long message from those of all others:
// two citizens, two links and two references never mix.
type FragmentKey struct {
	Link  string
	From  Address
	To    Address
	Ref   uint16
	Wide  bool // a 16-bit reference
	Total uint8
	// Set tells two messages apart for which a phone used the same
	// reference. The store fills it in; it is 0 for a part that comes in.
	Set int64
}

// Accepted is a message in the inbox that has not had its turn.
type Accepted struct {
	Row     int64
	Inbound Inbound
}
