// Package client is the client of the mobile API in JavaScript: setu.js, and its
// types in setu.d.ts, which [Types] makes of the API's description.
package client

import (
	_ "embed" // the client
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed setu.js
var script string

// Script is setu.js, an ES module.
func Script() []byte { return []byte(script) }

// schema is a part of the description that becomes a type.
type schema struct {
	Ref                  string `yaml:"$ref"`
	Type, Description    string
	Const                string
	Enum, Required       []string
	Items                *schema
	Properties           yaml.MapSlice
	AdditionalProperties any `yaml:"additionalProperties"`
}

// Types are the types of setu.js in TypeScript: head, and one interface for each
// schema of an OpenAPI description.
func Types(openapi []byte) (string, error) {
	var doc struct {
		Components struct{ Schemas yaml.MapSlice }
	}
	if err := yaml.UnmarshalWithOptions(openapi, &doc, yaml.UseOrderedMap()); err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(head)
	for _, item := range doc.Components.Schemas {
		s, err := read(item.Value)
		if err != nil {
			return "", fmt.Errorf("schema %v: %w", item.Key, err)
		}
		if err := declare(&out, name(fmt.Sprint(item.Key)), s); err != nil {
			return "", fmt.Errorf("schema %v: %w", item.Key, err)
		}
	}
	return out.String(), nil
}

// read reads a part of the tree as a schema.
func read(part any) (s schema, err error) {
	raw, err := yaml.Marshal(part)
	if err != nil {
		return s, err
	}
	err = yaml.UnmarshalWithOptions(raw, &s, yaml.UseOrderedMap())
	return s, err
}

// name keeps the types apart from the classes of setu.js.
func name(schema string) string {
	if schema == "Problem" {
		return "ProblemDetails"
	}
	return schema
}

func declare(out *strings.Builder, name string, s schema) error {
	comment(out, "", s.Description)
	fmt.Fprintf(out, "export interface %s {\n", name)
	for _, item := range s.Properties {
		field, err := read(item.Value)
		if err != nil {
			return err
		}
		key, optional := fmt.Sprint(item.Key), "?"
		if slices.Contains(s.Required, key) {
			optional = ""
		}
		comment(out, "  ", field.Description)
		fmt.Fprintf(out, "  %s%s: %s;\n", key, optional, typeOf(field))
	}
	out.WriteString("}\n\n")
	return nil
}

var spaces = regexp.MustCompile(`\s+`)

func comment(out *strings.Builder, indent, text string) {
	if text = spaces.ReplaceAllString(strings.TrimSpace(text), " "); text != "" {
		fmt.Fprintf(out, "%s/** %s */\n", indent, text)
	}
}

// typeOf is a schema as a type.
func typeOf(s schema) string {
	switch {
	case s.Ref != "":
		return name(s.Ref[strings.LastIndexByte(s.Ref, '/')+1:])
	case len(s.Enum) > 0:
		return `"` + strings.Join(s.Enum, `" | "`) + `"`
	case s.Const != "":
		return `"` + s.Const + `"`
	case s.Type == "array" && s.Items != nil:
		if of := typeOf(*s.Items); !strings.Contains(of, " ") {
			return of + "[]"
		}
		return "Array<" + typeOf(*s.Items) + ">"
	case s.Type == "integer":
		return "number"
	case s.Type == "object":
		return "Record<string, string>"
	}
	return s.Type
}

// head are the types of setu.js itself.
const head = `// Made of the description of the API by "go test ./mobileapi/client -update". Do not edit.

export type Lang = "bn" | "hi" | "en";

/** A key of this phone and its name at the service. */
export interface Kept {
  id: string;
  key: CryptoKey;
}

/** Where the key of this phone is kept. */
export interface Keys {
  load(): Promise<Kept | null>;
  save(kept: Kept | null): Promise<void>;
}

export class MemoryKeys implements Keys {
  load(): Promise<Kept | null>;
  save(kept: Kept | null): Promise<void>;
}

export class StoredKeys implements Keys {
  constructor(name?: string);
  load(): Promise<Kept | null>;
  save(kept: Kept | null): Promise<void>;
}

export class Problem extends Error {
  code: ProblemDetails["code"];
  status: number;
  hint?: string;
  retryAfter?: number;
}

export class Offline extends Error {}

export class Setu {
  constructor(options: { url: string; lang?: Lang; keys?: Keys; fetch?: typeof fetch });
  lang: Lang;
  static newKey(): string;
  services(): Promise<ServiceList>;
  form(service: string, inputs: Record<string, string>, options?: { confirm?: boolean; key?: string }): Promise<Answer>;
  rest(session: string, inputs: Record<string, string>, options?: { confirm?: boolean; key?: string }): Promise<Answer>;
  begin(service?: string, options?: { key?: string }): Promise<Answer>;
  step(session: string, input: string, options?: { key?: string }): Promise<Answer>;
  operation(receipt: string): Promise<Operation>;
  receipt(receipt: string): Promise<Receipt>;
  proof(receipt: string): Promise<LogProof>;
  checkFile(file: Blob | ArrayBuffer | ArrayBufferView): Promise<Answer>;
  sendOTP(number: string): Promise<OTPSent>;
  logIn(number: string, otp: string, name?: string): Promise<Device>;
  device(): Promise<string | null>;
  devices(): Promise<Devices>;
  removeDevice(id: string): Promise<void>;
  preferences(): Promise<Preferences>;
  setPreferences(preferences: Preferences): Promise<Preferences>;
  changes(since?: string, wait?: number): Promise<Changes>;
  follow(since?: string, options?: { signal?: AbortSignal; WebSocket?: typeof WebSocket }): AsyncGenerator<Changes>;
}

/** Throws if a proof does not hold; block is that of the ledger which holds the checkpoint. */
export function checkProof(proof: LogProof): Promise<{
  decision: Record<string, string>;
  outcome?: Record<string, string>;
  block?: number;
}>;

`
