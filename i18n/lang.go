// Package i18n holds what Setu knows of its three languages: their names,
// scripts and digits, how amounts, dates and numbers are written and read in
// each, message templates with plurals, and check digits.
//
// It is pure: no I/O, clock, goroutine or logger. All that people type is
// turned into one canonical form ([Fold], [ParseNumber], [ParseDate] …); all
// that they read is made from that form by [Value.Append] and
// [Template.Append].
package i18n

import (
	"errors"
	"unicode"
	"unicode/utf8"
)

// ErrUnknownLang says that a text names none of the three languages.
var ErrUnknownLang = errors.New("i18n: unknown language")

// Lang is a language by its ISO 639-1 code. The zero value is no language.
type Lang string

// The languages, in the order in which they are always offered.
const (
	Bengali Lang = "bn"
	Hindi   Lang = "hi"
	English Lang = "en"
)

// Langs lists the languages: Bengali, Hindi, English.
func Langs() []Lang { return []Lang{Bengali, Hindi, English} }

// Valid says that l is one of [Langs].
func (l Lang) Valid() bool { return l == Bengali || l == Hindi || l == English }

// Name is the language's name for itself; empty for no language.
func (l Lang) Name() string {
	switch l {
	case Bengali:
		return "বাংলা"
	case Hindi:
		return "हिन्दी"
	case English:
		return "English"
	}
	return ""
}

// ParseLang reads a language as people write it: its code or its name, in any
// of the three languages or in Latin letters. The error is [ErrUnknownLang].
func ParseLang(s string) (Lang, error) {
	switch Fold(s) { // so each name stands here as Fold gives it
	case "bn", "ben", "bengali", "bangla", "bangali", "banglay",
		"বাংলা", "বাঙলা", "বাঙালি", "বাংলায\u09bc",
		"बांग्ला", "बाँग्ला", "बंगला", "बंगाली":
		return Bengali, nil
	case "hi", "hin", "hindi",
		"हिन्दी", "हिंदी", "हिन्दि", "हिंदि",
		"হিন্দি", "হিন্দী":
		return Hindi, nil
	case "en", "eng", "english", "ingreji", "ingraji", "ingrezi", "angrezi", "angreji", "inglish",
		"ইংরেজি", "ইংরেজী", "ইংরাজি", "ইংলিশ",
		"अंग्रेज\u093cी", "अंग्रेजी", "अँग्रेजी", "इंग्लिश", "इंगलिश":
		return English, nil
	}
	return "", ErrUnknownLang
}

// DetectLang tells a text's language by its script. Bengali or Devanagari
// letters decide, however few: whoever writes them reads them, and what stands
// in Latin letters beside them is a name, a code or a web address. Of the two
// the one with more letters wins, Bengali if they are equal. Latin letters
// alone are English. ok is false if there are no letters (digits or emoji
// only) or if most are of some other script.
func DetectLang(s string) (l Lang, ok bool) {
	var letters [5]int // by script
	for _, r := range s {
		letters[scriptOf(r)]++
	}
	switch indic := letters[bengali] + letters[devanagari]; {
	case letters[otherScript] > indic+letters[latin]:
		return "", false
	case indic > 0 && letters[bengali] >= letters[devanagari]:
		return Bengali, true
	case indic > 0:
		return Hindi, true
	case letters[latin] > 0:
		return English, true
	}
	return "", false
}

// The scripts that [DetectLang] counts by.
const (
	noScript = iota // digits, punctuation, space, emoji
	bengali
	devanagari
	latin
	otherScript
)

func scriptOf(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		if c := r | 0x20; 'a' <= c && c <= 'z' {
			return latin
		}
		return noScript
	case !isWordRune(r):
		return noScript
	case '\u0980' <= r && r <= '\u09ff':
		return bengali
	case '\u0900' <= r && r <= '\u097f':
		return devanagari
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.IsLetter(r):
		return otherScript
	}
	return noScript
}

// isWordRune says that r is part of a word: a letter or a sign on one. The
// danda and the digits are not.
func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
