package powercut

import "syscall"

// auditArch is AUDIT_ARCH_X86_64 of linux/audit.h.
const auditArch = 0xC000003E

// older are the calls that newer machines do without; the number of the first
// argument that the call has in the newer form is one higher.
func older() map[uint64]call {
	return map[uint64]call{
		syscall.SYS_OPEN:   {kind: opens, path: 0, flags: 1},
		syscall.SYS_CREAT:  {kind: creates, path: 0},
		syscall.SYS_RENAME: {kind: renames, path: 0, second: 1},
		syscall.SYS_LINK:   {kind: links, path: 0, second: 1},
		syscall.SYS_UNLINK: {kind: removes, path: 0},
	}
}

func number(r *syscall.PtraceRegs) uint64 { return r.Orig_rax }

func result(r *syscall.PtraceRegs) int64 { return int64(r.Rax) } //nolint:gosec // negative is an error

func arguments(r *syscall.PtraceRegs) [6]uint64 {
	return [6]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
}
