package mobileapi

import (
	"bytes"
	_ "embed" // the page
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"setu/i18n"
)

//go:embed docs.html
var docsPage string

// The parts of a description that its page shows.
type (
	specInfo struct {
		Title, Summary, Description string
	}
	specSchema struct {
		Ref         string `yaml:"$ref"`
		Type        string
		Description string
		Enum        []string
		Required    []string
		Properties  yaml.MapSlice
		Items       *specSchema
	}
	specParameter struct {
		Ref                   string `yaml:"$ref"`
		Name, In, Description string
		Required              bool
	}
	specContent map[string]struct {
		Schema   specSchema
		Examples map[string]struct {
			Summary string
			Value   any
		}
	}
	specOperation struct {
		OperationID          string `yaml:"operationId"`
		Summary, Description string
		Parameters           []specParameter
		Security             []any
		RequestBody          struct{ Content specContent } `yaml:"requestBody"`
		Responses            map[string]struct {
			Ref         string `yaml:"$ref"`
			Description string
			Content     specContent
		}
	}
	spec struct {
		Info       specInfo
		Paths      yaml.MapSlice
		Components struct {
			Parameters map[string]specParameter
			Responses  map[string]struct {
				Description string
				Content     specContent
			}
			Schemas yaml.MapSlice
		}
	}
)

// What the page is drawn of.
type (
	pageField struct {
		Name, Type, Schema, Description string
		Required                        bool
	}
	pageSchema struct {
		Name, Description string
		Fields            []pageField
	}
	pageExample struct{ Summary, Value string }
	pageAnswer  struct{ Status, Description, Schema string }
	pageProblem struct {
		Code   string
		Status int
		Title  string
	}
	pageOperation struct {
		ID, Method, Path, Summary, Body string
		Signed                          bool
		Paragraphs                      []string
		Parameters                      []specParameter
		Examples                        []pageExample
		Responses                       []pageAnswer
	}
	page struct {
		Info struct {
			Title, Summary string
			Paragraphs     []string
		}
		Operations []pageOperation
		Schemas    []pageSchema
		Problems   []pageProblem
	}
)

// drawDocs makes the page of the description.
func (a *API) drawDocs() ([]byte, error) {
	var s spec
	if err := yaml.UnmarshalWithOptions(description, &s, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	var p page
	p.Info.Title, p.Info.Summary, p.Info.Paragraphs = s.Info.Title, s.Info.Summary, paragraphs(s.Info.Description)
	for _, item := range s.Paths {
		methods, err := again[map[string]specOperation](item.Value)
		if err != nil {
			return nil, err
		}
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			p.Operations = append(p.Operations, s.drawOperation(fmt.Sprint(item.Key), method, methods[method]))
		}
	}
	for _, item := range s.Components.Schemas {
		schema, err := again[specSchema](item.Value)
		if err != nil {
			return nil, err
		}
		p.Schemas = append(p.Schemas, drawSchema(fmt.Sprint(item.Key), schema))
	}
	for _, k := range kinds() {
		p.Problems = append(p.Problems, pageProblem{k.code, k.status, a.text(i18n.English, k.words(), nil)})
	}
	t, err := template.New("docs").Parse(docsPage)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, p)
	return out.Bytes(), err
}

// again reads a part of the tree as what it is.
func again[T any](part any) (v T, err error) {
	raw, err := yaml.Marshal(part)
	if err != nil {
		return v, err
	}
	err = yaml.UnmarshalWithOptions(raw, &v, yaml.UseOrderedMap())
	return v, err
}

// paragraphs cuts a text at its empty lines, and drops the marks of Markdown.
func paragraphs(text string) []string {
	var out []string
	for _, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if p = strings.NewReplacer("**", "", "`", "", "\n", " ").Replace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

func (s *spec) drawOperation(at, method string, op specOperation) pageOperation {
	out := pageOperation{
		ID: op.OperationID, Method: strings.ToUpper(method), Path: at, Summary: op.Summary, Signed: len(op.Security) > 0, Paragraphs: paragraphs(op.Description),
	}
	for _, p := range op.Parameters {
		if p.Ref != "" {
			p = s.Components.Parameters[path.Base(p.Ref)]
		}
		out.Parameters = append(out.Parameters, p)
	}
	for _, c := range op.RequestBody.Content {
		out.Body = path.Base(c.Schema.Ref)
		for _, name := range slices.Sorted(maps.Keys(c.Examples)) {
			example := c.Examples[name]
			out.Examples = append(out.Examples, pageExample{example.Summary, inJSON(example.Value)})
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		r := op.Responses[status]
		answer, content := pageAnswer{Status: status, Description: r.Description}, r.Content
		if r.Ref != "" {
			shared := s.Components.Responses[path.Base(r.Ref)]
			answer.Description, content = shared.Description, shared.Content
		}
		for _, c := range content {
			if c.Schema.Ref != "" {
				answer.Schema = path.Base(c.Schema.Ref)
			}
		}
		out.Responses = append(out.Responses, answer)
	}
	return out
}

// inJSON is an example as it is sent.
func inJSON(v any) string {
	raw, err := yaml.MarshalWithOptions(v, yaml.JSON())
	if err != nil {
		return ""
	}
	var out bytes.Buffer
	if json.Indent(&out, bytes.TrimSpace(raw), "", "  ") != nil {
		return string(raw)
	}
	return out.String()
}

func drawSchema(name string, s specSchema) pageSchema {
	out := pageSchema{Name: name, Description: s.Description}
	for _, item := range s.Properties {
		field, err := again[specSchema](item.Value)
		if err != nil {
			continue
		}
		f := pageField{Name: fmt.Sprint(item.Key), Type: field.Type, Description: field.Description}
		f.Required = slices.Contains(s.Required, f.Name)
		ref := field.Ref
		if field.Items != nil {
			f.Type, ref = "list of "+field.Items.Type, field.Items.Ref
		}
		if ref != "" {
			f.Schema = path.Base(ref)
			f.Type = strings.TrimSpace(strings.TrimSuffix(f.Type, field.Type) + " " + f.Schema)
			if field.Items != nil {
				f.Type = "list of " + f.Schema
			}
		}
		if len(field.Enum) > 0 {
			f.Type = strings.Join(field.Enum, ", ")
		}
		out.Fields = append(out.Fields, f)
	}
	return out
}
