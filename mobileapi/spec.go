package mobileapi

import (
	"bytes"
	_ "embed" // the description and its page
	"encoding/json"
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/gofiber/fiber/v2"

	"setu/mobileapi/client"
)

//go:embed openapi.yaml
var description []byte

// OpenAPI is the description of the API, as YAML.
func OpenAPI() []byte { return bytes.Clone(description) }

// describe names the description in each form, and its page. Each is made when it
// is first asked for: to read the YAML takes longer than the rest of the API's start.
func (a *API) describe() map[string]func() (*document, error) {
	lazy := func(contentType string, draw func() ([]byte, error)) func() (*document, error) {
		return sync.OnceValues(func() (*document, error) {
			body, err := draw()
			if err != nil {
				return nil, fmt.Errorf("draw the description: %w", err)
			}
			return newDocument(contentType, body), nil
		})
	}
	return map[string]func() (*document, error){
		"openapi.json": lazy(fiber.MIMEApplicationJSONCharsetUTF8, drawJSON),
		"openapi.yaml": lazy("application/yaml; charset=utf-8", func() ([]byte, error) { return description, nil }),
		"docs":         lazy(fiber.MIMETextHTMLCharsetUTF8, a.drawDocs),
		"setu.js":      lazy("text/javascript; charset=utf-8", func() ([]byte, error) { return client.Script(), nil }),
	}
}

// drawJSON is the description as JSON.
func drawJSON() ([]byte, error) {
	converted, err := yaml.YAMLToJSON(description)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	err = json.Compact(&compact, converted)
	return compact.Bytes(), err
}

// document is GET of one of these.
func (a *API) document(name string) func(*request) error {
	return func(r *request) error {
		d, err := a.spec[name]()
		if err != nil {
			return err
		}
		return a.send(r, d)
	}
}
