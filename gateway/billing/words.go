package billing

import (
	"embed"
	"fmt"

	"github.com/goccy/go-yaml"

	"setu/i18n"
)

//go:embed words/*.yaml
var wordFiles embed.FS

// words are what a statement says in one language.
type words struct {
	Title    string `yaml:"title"`
	Service  string `yaml:"service"`
	Medium   string `yaml:"medium"`
	Partner  string `yaml:"partner"`
	Kind     string `yaml:"kind"`
	Outcome  string `yaml:"outcome"`
	Count    string `yaml:"count"`
	Price    string `yaml:"price"`
	Amount   string `yaml:"amount"`
	Total    string `yaml:"total"`
	Unpriced string `yaml:"unpriced"`
	Early    string `yaml:"early"`
	Basis    string `yaml:"basis"`
	Made     string `yaml:"made"`
	Empty    string `yaml:"empty"`
	// Names are those of media, kinds and outcomes.
	Names map[string]string `yaml:"names"`
}

// wordsIn reads the words of a language.
func wordsIn(l i18n.Lang) (w words, err error) {
	src, err := wordFiles.ReadFile("words/" + string(l) + ".yaml")
	if err != nil {
		return w, fmt.Errorf("statements are in bn, hi or en: %w", err)
	}
	err = yaml.UnmarshalWithOptions(src, &w, yaml.Strict())
	return w, err
}
