package mobileapi

import (
	"bytes"
	_ "embed" // the description and its page
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/gofiber/fiber/v2"

	"setu/mobileapi/client"
)

//go:embed openapi.yaml
var description []byte

// OpenAPI is the description of the API, as YAML.
func OpenAPI() []byte { return bytes.Clone(description) }

// drawSpec makes the description in each form, and its page.
func (a *API) drawSpec() (map[string]*document, error) {
	converted, err := yaml.YAMLToJSON(description)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, converted); err != nil {
		return nil, err
	}
	page, err := a.drawDocs()
	if err != nil {
		return nil, fmt.Errorf("draw its page: %w", err)
	}
	return map[string]*document{
		"openapi.json": newDocument(fiber.MIMEApplicationJSONCharsetUTF8, compact.Bytes()),
		"openapi.yaml": newDocument("application/yaml; charset=utf-8", description),
		"docs":         newDocument(fiber.MIMETextHTMLCharsetUTF8, page),
		"setu.js":      newDocument("text/javascript; charset=utf-8", client.Script()),
	}, nil
}

// document is GET of one of these.
func (a *API) document(name string) func(*request) error {
	return func(r *request) error { return a.send(r, a.spec[name]) }
}
