package powercut

import "syscall"

// kind is what a system call does.
type kind int

const (
	opens kind = iota
	creates
	writes   // at the file's position
	writesAt // at a place
	truncates
	syncs
	renames
	links
	removes
)

// call says where a system call has its arguments.
type call struct {
	kind         kind
	path, second int // of names
	flags        int
}

// calls are the system calls that a program writes with, by number. Go and
// SQLite use no others; one that they came to use would make lost what is not,
// and the tests fail.
func calls() map[uint64]call {
	all := older()
	if all == nil {
		all = map[uint64]call{}
	}
	all[syscall.SYS_OPENAT] = call{kind: opens, path: 1, flags: 2}
	all[syscall.SYS_WRITE] = call{kind: writes}
	all[syscall.SYS_PWRITE64] = call{kind: writesAt}
	all[syscall.SYS_FTRUNCATE] = call{kind: truncates}
	all[syscall.SYS_FSYNC] = call{kind: syncs}
	all[syscall.SYS_FDATASYNC] = call{kind: syncs}
	all[syscall.SYS_RENAMEAT] = call{kind: renames, path: 1, second: 3}
	all[syscall.SYS_LINKAT] = call{kind: links, path: 1, second: 3}
	all[syscall.SYS_UNLINKAT] = call{kind: removes, path: 1}
	return all
}
