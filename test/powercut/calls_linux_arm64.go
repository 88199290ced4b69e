package powercut

import "syscall"

// auditArch is AUDIT_ARCH_AARCH64 of linux/audit.h.
const auditArch = 0xC00000B7

// older are calls that this machine does without.
func older() map[uint64]call { return nil }

func number(r *syscall.PtraceRegs) uint64 { return r.Regs[8] }

func result(r *syscall.PtraceRegs) int64 { return int64(r.Regs[0]) } //nolint:gosec // negative is an error

func arguments(r *syscall.PtraceRegs) [6]uint64 { return [6]uint64(r.Regs[:6]) }
