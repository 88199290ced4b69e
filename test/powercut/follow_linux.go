package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// Options and events of linux/ptrace.h; the stops of system calls bear a mark
// that tells them from a SIGTRAP.
const (
	options      = 1 | syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACEFORK | syscall.PTRACE_O_TRACEVFORK | syscall.PTRACE_O_TRACEEXEC | 1<<7 | 1<<20
	eventSeccomp = 7
	callStop     = syscall.SIGTRAP | 0x80
)

// follower follows one program.
type follower struct {
	plan  Plan
	calls map[uint64]call
	pid   int
	disk  *Disk
	under map[int]*pending // system calls under way, by thread
	seen  int              // operations that the plan counts
}

// pending is a system call that has begun.
type pending struct {
	call
	args  [6]uint64
	begun int // of a sync
}

// errCut says that the power has gone.
var errCut = errors.New("power cut")

// follow starts the program and follows it to its end, or to the cut.
func follow(p Plan) error {
	runtime.LockOSThread() // who starts it is the only thread that may follow it
	f := &follower{plan: p, calls: calls(), under: map[int]*pending{}}
	files, err := read(p.Folder)
	if err != nil {
		return err
	}
	f.disk = NewDisk(files)
	if err := f.start(); err != nil {
		return err
	}
	if err := f.run(); !errors.Is(err, errCut) {
		return err
	}
	_ = syscall.Kill(f.pid, syscall.SIGKILL)
	for {
		if _, err := syscall.Wait4(-1, nil, syscall.WALL, nil); errors.Is(err, syscall.ECHILD) {
			break // all threads are gone
		}
	}
	r := rand.New(rand.NewPCG(p.Seed, 2)) //nolint:gosec // to be repeated
	if err := leave(p.Folder, f.disk.Cut(r)); err != nil {
		return err
	}
	return syscall.Kill(os.Getpid(), syscall.SIGKILL) // as the program ended
}

// start starts this binary again, which becomes the program.
func (f *follower) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	env := append(withoutPlan(os.Environ()), f.plan.Env()+"\nprogram")
	p, err := os.StartProcess(self, os.Args, &os.ProcAttr{
		Env: env, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return err
	}
	f.pid = p.Pid
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(f.pid, &ws, syscall.WALL, nil); err != nil {
		return err
	}
	if err := syscall.PtraceSetOptions(f.pid, options); err != nil {
		return fmt.Errorf("follow the program: %w", err)
	}
	f.passOn()
	return syscall.PtraceCont(f.pid, 0)
}

// passOn passes on the wish that the program end.
func (f *follower) passOn() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for s := range asked {
			if s, ok := s.(syscall.Signal); ok {
				_ = syscall.Kill(f.pid, s)
			}
		}
	}()
}

// run follows the threads until the last has ended, or the power goes.
func (f *follower) run() error {
	for {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(-1, &ws, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return err
		case ws.Exited(), ws.Signaled():
			delete(f.under, tid)
			if tid == f.pid {
				return ended(ws)
			}
			continue
		case !ws.Stopped():
			continue
		}
		if err := f.stopped(tid, ws); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err // ESRCH: the thread was killed meanwhile
		}
	}
}

// ended ends this process as the program ended.
func ended(ws syscall.WaitStatus) error {
	if ws.Signaled() {
		return syscall.Kill(os.Getpid(), ws.Signal())
	}
	os.Exit(ws.ExitStatus())
	return nil
}

// stopped deals with the stop of a thread and lets it go on.
func (f *follower) stopped(tid int, ws syscall.WaitStatus) error {
	switch sig := ws.StopSignal(); {
	case sig == callStop:
		return f.leaves(tid)
	case sig == syscall.SIGTRAP && int(ws)>>16 == eventSeccomp:
		return f.enters(tid)
	case sig == syscall.SIGTRAP && int(ws)>>16 != 0:
		return syscall.PtraceCont(tid, 0) // a new thread, or the program's beginning
	case sig == syscall.SIGSTOP:
		return syscall.PtraceCont(tid, 0) // a new thread's own stop
	default:
		return syscall.PtraceCont(tid, int(sig))
	}
}

// enters sees a system call begin.
func (f *follower) enters(tid int) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	c, known := f.calls[number(&regs)]
	if !known {
		return syscall.PtraceCont(tid, 0)
	}
	p := &pending{call: c, args: arguments(&regs)}
	op, name := f.what(p)
	if op == "" {
		return syscall.PtraceCont(tid, 0)
	}
	if f.plan.hits(op, name) {
		f.seen++
		if f.seen == f.plan.N {
			f.last(p, name)
			return errCut
		}
	}
	if c.kind == syncs {
		p.begun = f.disk.Begun(name)
	}
	f.under[tid] = p
	return syscall.PtraceSyscall(tid, 0)
}

// what says which operation a call is on which file or folder of ours, or none.
func (f *follower) what(p *pending) (op Op, name string) {
	switch p.kind {
	case writes, writesAt:
		op, name = Write, f.open(p.args[0])
	case truncates:
		op, name = Write, f.open(p.args[0])
	case syncs:
		op, name = Sync, f.open(p.args[0])
	case renames, links:
		op, name = Rename, f.path(p, p.second)
	case removes:
		op, name = Remove, f.path(p, p.path)
	case opens, creates:
		op, name = Create, f.path(p, p.path)
		if p.kind == opens && p.args[p.flags]&(syscall.O_CREAT|syscall.O_TRUNC) == 0 {
			return "", ""
		}
	}
	if name != f.plan.Folder && !strings.HasPrefix(name, f.plan.Folder+"/") || unkept(name) {
		return "", ""
	}
	return op, name
}

// leaves sees a system call end, and takes down what it did.
func (f *follower) leaves(tid int) error {
	p := f.under[tid]
	delete(f.under, tid)
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &regs); err != nil {
		return err
	}
	if n := result(&regs); p != nil && n >= 0 {
		f.done(p, n)
	}
	return syscall.PtraceCont(tid, 0)
}

// done takes down a call that gave n.
func (f *follower) done(p *pending, n int64) {
	_, name := f.what(p)
	switch p.kind {
	case writes:
		f.disk.Write(name, f.position(p.args[0])-n, f.memory(p.args[1], n))
	case writesAt:
		f.disk.Write(name, int64(p.args[3]), f.memory(p.args[1], n)) //nolint:gosec // a place in a file
	case truncates:
		f.disk.Truncate(name, int64(p.args[1])) //nolint:gosec // a length
	case syncs:
		if name == f.plan.Folder {
			f.disk.SyncFolder()
			return
		}
		f.disk.Sync(name, p.begun)
	case renames:
		f.disk.Rename(f.path(p, p.path), name)
	case links:
		f.disk.Link(f.path(p, p.path), name)
	case removes:
		f.disk.Remove(name)
	case opens, creates:
		if p.kind == creates || p.args[p.flags]&syscall.O_TRUNC != 0 {
			f.disk.Truncate(name, 0)
		}
		if p.kind == creates || p.args[p.flags]&syscall.O_CREAT != 0 {
			f.disk.Create(name)
		}
	}
}

// last takes down a write during which the power goes: any part of it may be
// there.
func (f *follower) last(p *pending, name string) {
	switch p.kind {
	case writesAt:
		f.done(p, int64(p.args[2])) //nolint:gosec // a length
	case writes:
		f.disk.Write(name, f.position(p.args[0]), f.memory(p.args[1], int64(p.args[2]))) //nolint:gosec // a length
	}
}

// proc is a file of /proc about the program.
func (f *follower) proc(name string) string {
	return "/proc/" + strconv.Itoa(f.pid) + "/" + name
}

// open is the name of an open file, or what stands for it if it has none.
func (f *follower) open(fd uint64) string {
	name, _ := os.Readlink(f.proc("fd/" + strconv.FormatUint(fd, 10)))
	return name
}

// position is where in an open file the next octet goes.
func (f *follower) position(fd uint64) int64 {
	info, _ := os.ReadFile(f.proc("fdinfo/" + strconv.FormatUint(fd, 10)))
	var at int64
	_, _ = fmt.Sscanf(string(info), "pos: %d", &at) // 0 without
	return at
}

// path is a call's argument that names a file.
func (f *follower) path(p *pending, arg int) string {
	name := f.memory(p.args[arg], syscall.PathMax)
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	if filepath.IsAbs(string(name)) {
		return filepath.Clean(string(name))
	}
	cwd, _ := os.Readlink(f.proc("cwd"))
	return filepath.Join(cwd, string(name))
}

// memory reads the program's memory, up to n octets.
func (f *follower) memory(at uint64, n int64) []byte {
	mem, err := os.Open(f.proc("mem"))
	if err != nil {
		return nil
	}
	defer func() { _ = mem.Close() }()
	octets := make([]byte, n)
	got, _ := mem.ReadAt(octets, int64(at)) //nolint:gosec // an address; less where a page ends
	return octets[:got]
}
