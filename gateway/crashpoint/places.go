package crashpoint

// The places, in the order in which a message passes them.
const (
	BeforeAccept  = "before-accept"   // a message is decoded, nothing is stored
	BeforeAnswer  = "before-answer"   // it is stored, its provider is not answered
	BeforeCommit  = "before-commit"   // its turn is taken, nothing of it is stored
	InCommit      = "in-commit"       // the rows are written, the transaction is not committed
	BeforeSync    = "before-sync"     // it is committed, perhaps not on the disk; nobody is answered
	AfterCommit   = "after-commit"    // its turn is stored, nothing is sent
	BeforeSave    = "before-save"     // a transaction is prepared, its bytes are not saved
	BeforeSubmit  = "before-submit"   // they are saved, not submitted
	AfterSubmit   = "after-submit"    // it is on the ledger, which the store does not know
	BeforeSend    = "before-send"     // a reply is leased, not written to the link
	AfterSend     = "after-send"      // the operator has it, which the store does not know
	BeforeReceipt = "before-delivery" // a delivery receipt is read, not stored
)

// Places lists them all.
func Places() []string {
	return []string{
		BeforeAccept, BeforeAnswer, BeforeCommit, InCommit, BeforeSync, AfterCommit, BeforeSave,
		BeforeSubmit, AfterSubmit, BeforeSend, AfterSend, BeforeReceipt,
	}
}
