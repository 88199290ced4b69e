// Package catalogue holds the services that citizens can use and all words
// that they are told: service folders of YAML, read once, checked whole and
// prepared for use.
//
// A folder that does not pass every check does not load: each text must stand
// in all languages, use only slots that it can have and fit its screen with
// the widest values; each step must be reachable and lead to an end; no two
// services may share a keyword. [Load] reports all problems of all folders
// with file and line. The format is described for editors by
// service.schema.json and texts.schema.json.
package catalogue

import (
	"cmp"
	"embed"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"setu/gateway"
	"setu/i18n"
)

//go:embed engine services
var embedded embed.FS

// Embedded are the state's services, one folder each, for [Load].
func Embedded() fs.FS {
	sub, err := fs.Sub(embedded, "services")
	if err != nil {
		return embedded // fs.Sub fails for invalid names only, and this one is valid
	}
	return sub
}

// Limit is how long a text may be on a medium.
type Limit struct {
	// Max is the most that a reply may count, unless a service says another
	// number under "limits": segments of SMS, screens of USSD.
	Max int
	// Question is the most that a plain question with its page of options may
	// count; 0 is Max.
	Question int
	// Ending is the most that a reply which ends the dialogue may count; 0 is
	// Max.
	Ending int
	// Widest, where it is not nil, gives the widest value of a kind in words: the
	// medium is for the ear, where there are no letters and options are said with
	// their keys. maxLen is as in i18n.Widest.
	Widest func(k i18n.Kind, maxLen int, l i18n.Lang) string
	// Measure counts a text in its real encoding, and describes its size for
	// an author: "UCS-2, 120 units, 2 segments".
	Measure func(text string) (n int, size string)
	// Screens, where it is not nil, counts replies in the place of Measure,
	// which then only tells which of two texts is the longer one: on a medium
	// that cuts a reply into screens, each with a footer.
	Screens func(s Sheet) (n int, size string)
}

// Sheet is a reply in words for a medium that cuts it into screens, or on which it
// is heard.
type Sheet struct {
	Lang    i18n.Lang
	Parts   []string // each begins a line, and may be of several
	Options []string // each a line, behind its digit
	// Back and More are the footer's words, which every screen may need.
	Back, More string
	// HasBack says that 0 leads somewhere from the first screen, and HasMore
	// that 9 does from the last.
	HasBack, HasMore bool
	// End says that the session ends with the last screen, where no key
	// works.
	End bool
}

// Limits are the media for which texts are checked. A medium without a limit is
// not checked.
type Limits map[gateway.Medium]Limit

// Catalogue is all services with their words. It is read-only and may be used
// by many goroutines.
type Catalogue struct {
	services []*Service // in the order of the menu
	byID     map[string]*Service
	texts    map[string]*Text // the engine's own
	call     map[string]*Text // those that are heard on calls only
	app      map[string]*Text // those that the app alone shows

	index      map[string]Word
	candidates []candidate // for near misses
	longest    int         // words of the longest keyword
	limits     Limits
	menuPage   map[gateway.Medium]int
}

// Services are all services in the order of the menu.
func (c *Catalogue) Services() []*Service { return c.services }

// Service finds a service by its identifier.
func (c *Catalogue) Service(id string) (*Service, bool) {
	s, ok := c.byID[id]
	return s, ok
}

// Text finds one of the engine's own texts.
func (c *Catalogue) Text(key string) (*Text, bool) {
	t, ok := c.texts[key]
	return t, ok
}

// MenuPage is how many services fit a page of the main menu, in any language.
func (c *Catalogue) MenuPage(m gateway.Medium) int { return pageOf(c.menuPage, m) }

// maxFile bounds a file of a service folder, in octets.
const maxFile = 256 << 10

// Load reads the service folders in each of the file systems, checks them, and
// prepares them with the engine's own texts. The error is [*Problems] with all
// that is wrong.
func Load(limits Limits, services ...fs.FS) (*Catalogue, error) {
	engine, err := fs.Sub(embedded, "engine")
	if err != nil {
		return nil, err
	}
	return load(limits, engine, services...)
}

func load(limits Limits, engine fs.FS, services ...fs.FS) (*Catalogue, error) {
	c := &Catalogue{
		byID: make(map[string]*Service), index: make(map[string]Word),
		limits: limits, menuPage: make(map[gateway.Medium]int),
	}
	note := &Problems{}
	c.loadCall(engine, note)
	c.loadApp(engine, note)
	c.loadEngine(readTexts(engine, "engine", ".", func(string) bool { return false }, note), note)
	for _, fsys := range services {
		folders, err := fs.ReadDir(fsys, ".")
		if err != nil {
			note.add(place{file: "services"}, "cannot be read: %v", err)
			continue
		}
		for _, f := range folders {
			if f.IsDir() && !strings.HasPrefix(f.Name(), ".") {
				c.loadService(fsys, f.Name(), note)
			}
		}
	}
	slices.SortStableFunc(c.services, func(a, b *Service) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID))
	})
	if len(c.services) == 0 && len(note.List) == 0 {
		note.add(place{file: "services"}, "no service folder found")
	}
	for _, s := range c.services {
		c.checkOptionWords(s, note)
	}
	if len(note.List) == 0 { // what is not whole cannot be measured
		c.fit(note)
	}
	if err := note.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// loadService reads one folder.
func (c *Catalogue) loadService(fsys fs.FS, folder string, note *Problems) {
	top, ok := readYAML(fsys, folder, path.Join(folder, "service.yaml"), note)
	checkFiles(fsys, folder, note)
	if !ok {
		return
	}
	s := decodeService(folder, top)
	if _, twice := c.byID[s.ID]; twice {
		note.add(top.at, "there is a service %q already", s.ID)
		return
	}
	files := readTexts(fsys, folder, folder, func(key string) bool { _, ok := s.steps[key]; return ok }, note)
	s.texts = joinTexts(files, note)
	checkSilent(s.texts, note)
	c.byID[s.ID] = s
	c.services = append(c.services, s)
	s.titles = make(map[string]i18n.Value)
	if title := s.texts["title"]; title != nil {
		for _, lang := range i18n.Langs() {
			s.titles[string(lang)] = i18n.Value{Raw: title.form(lang).src}
		}
	}
	for _, st := range s.Steps {
		if st.Input != nil {
			st.Input.indexOptions(st.ID, s.texts, files, note)
		}
	}
	c.addService(s, note)
	c.check(s, files, note)
}

// addService puts the service's keywords into the index.
func (c *Catalogue) addService(s *Service, note *Problems) {
	if len(s.Steps) == 0 {
		return
	}
	for _, lang := range i18n.Langs() {
		for _, one := range s.keywords[lang] {
			c.addWord(one, Word{Service: s, Step: s.Steps[0].ID}, note)
		}
		for _, short := range s.shortcuts {
			for _, one := range short.words[lang] {
				c.addWord(one, Word{Service: s, Step: short.step}, note)
			}
		}
	}
}

// readTexts reads the text files of a folder. A file that is missing or is not
// YAML stays nil.
func readTexts(fsys fs.FS, name, folder string, isStep func(string) bool, note *Problems) (files [languages]*textFile) {
	for i, lang := range i18n.Langs() {
		if top, ok := readYAML(fsys, name, path.Join(folder, string(lang)+".yaml"), note); ok {
			files[i] = decodeTexts(top, isStep)
		}
	}
	return files
}

// readYAML reads a file of the folder that problems call name.
func readYAML(fsys fs.FS, name, file string, note *Problems) (node, bool) {
	shown := path.Join(name, path.Base(file))
	src, err := fs.ReadFile(fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		note.add(place{file: shown}, "file is missing")
		return node{}, false
	case err != nil:
		note.add(place{file: shown}, "cannot be read: %v", err)
		return node{}, false
	case len(src) > maxFile:
		note.add(place{file: shown}, "file is longer than %d octets", maxFile)
		return node{}, false
	}
	return parseYAML(shown, src, note)
}

// checkFiles notes YAML files that nothing reads, such as a language that
// there is not.
func checkFiles(fsys fs.FS, folder string, note *Problems) {
	entries, err := fs.ReadDir(fsys, folder)
	if err != nil {
		note.add(place{file: folder}, "cannot be read: %v", err)
		return
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml"):
		case name == "service.yaml", name == "sandbox.yaml":
		case i18n.Lang(strings.TrimSuffix(name, ".yaml")).Valid():
		default:
			note.add(place{file: path.Join(folder, name)}, "nothing reads this file: service, bn, hi, en and sandbox .yaml are known")
		}
	}
}
