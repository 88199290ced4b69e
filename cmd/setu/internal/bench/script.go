package bench

import (
	"fmt"
	"strconv"
	"strings"

	"setu/channels/sms"
	"setu/i18n"
)

// Mix names what the citizens of a run ask.
type Mix string

// The mixes.
const (
	// Help is answered without the ledger.
	Help Mix = "help"
	// Query asks the ledger for one of twenty allowances by keyword.
	Query Mix = "query"
	// Submit registers a lot of paddy and confirms it: two messages, then an
	// answer, and later the receipt when the ledger has it.
	Submit Mix = "submit"
)

// ParseMix reads the name of a mix.
func ParseMix(s string) (Mix, error) {
	switch m := Mix(strings.ToLower(s)); m {
	case Help, Query, Submit:
		return m, nil
	}
	return "", fmt.Errorf("%w: mix %q is none of help, query, submit", ErrConfig, s)
}

// UnmarshalText is [ParseMix], for flags and files.
func (m *Mix) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMix(string(text))
	return err
}

// openCards is how many cards of the sandbox's ledger answer to any caller.
const openCards = 20

// firstCard is the lowest card number of the sandbox.
const firstCard = 1_000_000_001

// body is one message in the octets that go on the wire.
type body struct {
	coding sms.Coding
	octets []byte
}

// kind is one conversation: what is said, step by step. Answers to the same
// step of the same kind begin with the same words.
type kind struct {
	lang  i18n.Lang
	steps []body
	// extra is how many more answers may follow the last one: a receipt.
	extra int
}

// kinds are the conversations of a run: first those in Bengali, then as many
// in English. A share of 0 or 1 leaves one half unused.
func (c Config) kinds() ([]kind, error) {
	var kinds []kind
	for _, lang := range []i18n.Lang{i18n.Bengali, i18n.English} {
		scripts := c.scripts(lang)
		for _, lines := range scripts {
			k := kind{lang: lang}
			if c.Mix == Submit {
				k.extra = 1
			}
			for _, line := range lines {
				b, err := encode(line)
				if err != nil {
					return nil, err
				}
				k.steps = append(k.steps, b)
			}
			kinds = append(kinds, k)
		}
	}
	return kinds, nil
}

func encode(line string) (body, error) {
	coding, segments, _ := sms.Count(line)
	if line == "" || segments > 1 {
		return body{}, fmt.Errorf("%w: a message of a run is one segment", ErrConfig)
	}
	octets, err := sms.Encode(line, coding)
	if err != nil {
		return body{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return body{coding, octets}, nil
}

// scripts are the conversations in one language.
func (c Config) scripts(lang i18n.Lang) [][]string {
	if len(c.Steps) > 0 {
		return [][]string{c.Steps}
	}
	bengali := lang == i18n.Bengali
	switch c.Mix {
	case Query:
		var all [][]string
		for _, card := range cards() {
			if bengali {
				all = append(all, []string{"ভাতা " + card})
			} else {
				all = append(all, []string{"BHATA " + card})
			}
		}
		return all
	case Submit:
		if bengali {
			return [][]string{{"বিক্রি ধান 500 আজ", "1"}}
		}
		return [][]string{{"SELL PADDY 500 TODAY", "1"}}
	default:
		if bengali {
			return [][]string{{"সাহায্য"}}
		}
		return [][]string{{"HELP"}}
	}
}

// cards are the first numbers of the sandbox's allowance cards: those that
// pass their check digit.
func cards() []string {
	var all []string
	for n := firstCard; len(all) < openCards; n++ {
		if s := strconv.Itoa(n); i18n.CheckDigit("mod11", s) {
			all = append(all, s)
		}
	}
	return all
}
