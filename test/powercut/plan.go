package powercut

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// planVariable is the environment's variable with the plan of a follower.
const planVariable = "SETU_POWERCUT"

// Op is what a program does to its files.
type Op string

// The operations. AnyOp stands for each of them.
const (
	AnyOp  Op = ""
	Write  Op = "write"
	Sync   Op = "sync"
	Rename Op = "rename" // and a link
	Remove Op = "remove"
	Create Op = "create"
)

// Plan says when the power goes.
type Plan struct {
	Program string `json:"program"` // that is followed
	Folder  string `json:"folder"`  // whose disk loses its power
	// The power goes when the program begins its N-th Op on a file whose name
	// ends with File. An N that is not reached lets the program end by itself.
	Op   Op     `json:"op"`
	File string `json:"file"`
	N    int    `json:"n"`
	Seed uint64 `json:"seed"` // of what is left
}

// Env is the environment's variable that makes the test's binary a follower by
// this plan; its arguments are those of the program.
func (p Plan) Env() string {
	octets, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers
	}
	return planVariable + "=" + string(octets)
}

// withoutPlan is an environment without a plan.
func withoutPlan(env []string) []string {
	return slices.DeleteFunc(env, func(v string) bool { return strings.HasPrefix(v, planVariable+"=") })
}

// hits says whether an operation is one that the plan counts.
func (p *Plan) hits(op Op, name string) bool {
	return (p.Op == AnyOp || p.Op == op) && strings.HasSuffix(name, p.File)
}

// Possible is nil if this system lets a program be followed; containers may be
// forbidden to.
func Possible(ctx context.Context, folder string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this binary
	cmd.Env = append(withoutPlan(os.Environ()), Plan{Program: "/bin/true", Folder: folder}.Env())
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ptrace and seccomp: %w: %s", err, said)
	}
	return nil
}

// Follower follows a program if the environment has a plan, and then does not
// return. Otherwise it does nothing.
func Follower() {
	plan, stage, _ := strings.Cut(os.Getenv(planVariable), "\n")
	if plan == "" {
		return
	}
	var p Plan
	err := json.Unmarshal([]byte(plan), &p)
	switch {
	case err != nil:
	case stage != "":
		err = become(p.Program)
	default:
		err = follow(p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "powercut:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// unkept says that a file's content is nothing after a power cut: the index of
// SQLite's log, which is memory that processes share.
func unkept(name string) bool { return strings.HasSuffix(name, "-shm") }

// read reads a folder's files.
func read(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || unkept(path) {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	return files, err
}

// leave makes a folder's files what is left of them.
func leave(folder string, left map[string][]byte) error {
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Remove(path)
	})
	if err != nil {
		return err
	}
	for path, octets := range left {
		if err := os.WriteFile(path, octets, 0o600); err != nil {
			return err
		}
	}
	return nil
}
