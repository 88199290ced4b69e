package fault_test

import (
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"setu/gateway/console"
	"setu/gateway/sqlite"
	"setu/ledgerclient/keys"
	"setu/test/gatewaytest"
	"setu/test/powercut"
)

// moment is when the power goes: at one of the first so many operations on a
// file.
type moment struct {
	name  string
	op    powercut.Op
	file  string
	among int
}

// moments are those worth their own test: any, while the store's log is written
// and synced, while a checkpoint writes the log into the database, while the
// ledger takes a block, and while a new keystore takes the place of the old one.
func moments() []moment {
	return []moment{
		{"any", powercut.AnyOp, "", 400},
		{"log", powercut.Write, "/" + sqlite.FileName + "-wal", 300},
		{"sync", powercut.Sync, "/" + sqlite.FileName + "-wal", 60},
		{"checkpoint", powercut.Write, "/" + sqlite.FileName, 40},
		{"ledger", powercut.AnyOp, "/" + ledgerFile, 30},
		{"rotation", powercut.Rename, "/" + keys.SandboxStore, 1},
	}
}

// TestPowerCut takes the power away at each of the moments. What the disk was
// not told to keep is lost or torn, and all promises hold as after a kill.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	if err := powercut.Possible(t.Context(), t.TempDir()); err != nil {
		t.Skip(err)
	}
	eachSeed(t, *seeds, func(t *testing.T, seed uint64) {
		t.Helper()
		w := newWorld(t, directionOf(seed), seed)
		w.powerless(moment{name: "first start", among: 40})
		for _, m := range moments() {
			w.powerless(m)
		}
		w.audit()
	})
}

// powerless lets citizens write until the power goes, and then again with it.
func (w *world) powerless(m moment) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	b := w.write(writers)
	plan := powercut.Plan{
		Program: built, Folder: w.data, Op: m.op, File: m.file, N: 1 + w.random.IntN(m.among), Seed: w.random.Uint64(),
	}
	l := w.live(gatewaytest.Options{Bin: self, Env: []string{plan.Env()}})
	if m.op == powercut.Rename {
		l.rotate()
	}
	l.await(drainTime, b.answered)
	if !l.Ended() { // a checkpoint comes at the end at the latest
		_ = syscall.Kill(l.PID(), syscall.SIGTERM) // it may end meanwhile
	}
	if !l.within(20 * time.Second) {
		w.t.Fatalf("%s: the gateway neither lost its power nor ended:\n%s", m.name, l.Log())
	}
	w.hits[m.name]++
	w.settle(b)
}

// rotate has a new key made, in a life that may die of it.
func (l *life) rotate() {
	l.w.t.Helper()
	if !l.Ready(drainTime) {
		return
	}
	err := l.call(http.MethodPost, "/api/acts", console.ActRequest{Kind: "keys.rotate", Args: map[string]string{"after": "0s"}}, nil)
	if err == nil {
		l.w.t.Error("the gateway rotated its keys and lived")
	}
}
