// Package arch_test holds the rules of the house: who may import whom, what a
// pure package may not do, how large a file may grow, what must be documented.
// It reads the tree's syntax only, so that it runs in about a second and also
// on a tree that does not build.
//
// A rule that stands in the way is changed here, in the same commit, with its
// reason in DECISIONS.md.
package arch_test
