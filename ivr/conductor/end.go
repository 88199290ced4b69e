package conductor

import "errors"

// ErrLost is the cause of the end of a call's context when nothing is heard of
// her telephone any more.
var ErrLost = errors.New("conductor: nothing is heard of the telephone any more")

// End is the final state of a call, as operators see it.
type End string

// The ends of a conducted call.
const (
	Completed End = "completed" // goodbye was said, or she hung up behind a result
	HungUp    End = "hung_up"   // by her, in the middle of a dialogue
	GaveUp    End = "gave_up"   // three times no key that could be used
	TooLong   End = "too_long"  // the longest time of a call was over
	Stopped   End = "stopped"   // the gateway stopped, and she was told
	NoNumber  End = "no_number" // she hides her number, and was told that it is needed
	Lost      End = "lost"      // her telephone fell silent
	Unspoken  End = "unspoken"  // a prompt had no voice
	Fault     End = "fault"     // of ours
)
