// Package powercut takes the power from a program that runs: it follows what the
// program writes into a folder, kills it at a chosen moment, and leaves the folder
// as a disk could have it then. What was synced is there; of what was not, nothing
// is sure, not even that a sector came before a later one.
//
// It follows the program's system calls (ptrace(2), with a seccomp(2) filter so
// that only those on files stop it), so that the program is the one that is
// shipped, and all that it writes is seen: what SQLite writes in C, what is synced
// from Go beside it, keys, the sandbox's ledger. It needs Linux 4.8 or later, on
// x86-64 or ARM, and no privileges.
//
// A test calls [Follower] first of all in TestMain: as the follower of a program
// the test's own binary is started again, with [Plan.Env].
package powercut
