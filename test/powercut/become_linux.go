package powercut

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"syscall"
	"unsafe"
)

// Numbers of linux/prctl.h, linux/seccomp.h and linux/bpf_common.h.
const (
	prSetNoNewPrivs = 38
	prSetSeccomp    = 22
	modeFilter      = 2
	retAllow        = 0x7fff0000
	retTrace        = 0x7ff00000
	offNumber       = 0 // of struct seccomp_data
	offArch         = 4
)

// become replaces this process by the program, which stops for its follower at
// each of the calls.
func become(program string) error {
	runtime.LockOSThread() // the filter is the thread's, and goes on with it
	filter := filterOf(slices.Sorted(maps.Keys(calls())))
	prog := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // a few dozen
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("prctl: %w", errno)
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(&prog))); errno != 0 { //nolint:gosec // the call wants it so
		return fmt.Errorf("seccomp: %w", errno)
	}
	return syscall.Exec(program, append([]string{program}, os.Args[1:]...), withoutPlan(os.Environ())) //nolint:gosec // the test's own
}

// filterOf stops at the calls with these numbers, and lets all others pass.
func filterOf(numbers []uint64) []syscall.SockFilter {
	load := func(k uint32) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_LD | syscall.BPF_W | syscall.BPF_ABS, K: k}
	}
	is := func(k uint32, yes, no uint8) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_JMP | syscall.BPF_JEQ | syscall.BPF_K, Jt: yes, Jf: no, K: k}
	}
	answer := func(k uint32) syscall.SockFilter {
		return syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K, K: k}
	}
	n := len(numbers)
	filter := []syscall.SockFilter{load(offArch), is(auditArch, 0, uint8(n+1)), load(offNumber)} //nolint:gosec // a few dozen
	for i, number := range numbers {
		filter = append(filter, is(uint32(number), uint8(n-i), 0)) //nolint:gosec // a few hundred at most
	}
	return append(filter, answer(retAllow), answer(retTrace))
}
