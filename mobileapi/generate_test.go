package mobileapi_test

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// generate draws a value that a schema of the description describes.
func (d *description) generate(t *rapid.T, schema any) any {
	s, _ := d.deref(schema).(map[string]any)
	if constant, ok := s["const"]; ok {
		return constant
	}
	if all, ok := s["enum"].([]any); ok {
		return rapid.SampledFrom(all).Draw(t, "enum")
	}
	switch s["type"] {
	case "object":
		return d.generateObject(t, s)
	case "array":
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			out = append(out, d.generate(t, s["items"]))
		}
		return out
	case "boolean":
		return rapid.Bool().Draw(t, "boolean")
	case "integer":
		return rapid.Int().Draw(t, "integer")
	}
	return rapid.OneOf(rapid.SampledFrom(words()), rapid.StringN(0, 40, 60)).Draw(t, "string")
}

func (d *description) generateObject(t *rapid.T, s map[string]any) map[string]any {
	out := map[string]any{}
	required, _ := s["required"].([]any)
	properties, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || rapid.Bool().Draw(t, name) {
			out[name] = d.generate(t, properties[name])
		}
	}
	if more, ok := s["additionalProperties"].(map[string]any); ok {
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			out[rapid.SampledFrom(words()).Draw(t, "name")] = d.generate(t, more)
		}
	}
	return out
}

// words lead deeper into the services than chance does.
func words() []string {
	return []string{
		"want", "card", "number", "status", "received", "benefit", "document", "consent", "grievance", "site", "produce",
		"1000000001", "WB10000001", "9830000001", "123456", "1", "0", "00", "MENU", "STOP", "হ্যাঁ", "\x00", strings.Repeat("ক", 90),
	}
}

// spoil changes a drawn object in one way that its schema does not have: a field of
// another type, one that is missing, one that there is not, or no object at all.
func spoil(t *rapid.T, object map[string]any, required []any) any {
	other := func(v any) any {
		all := []any{true, -1.5, []any{"x"}, map[string]any{"x": 1}, "x"}
		return rapid.SampledFrom(slices.DeleteFunc(all, func(o any) bool { return kindOf(o) == kindOf(v) })).Draw(t, "type")
	}
	names := slices.Sorted(maps.Keys(object))
	switch way := rapid.IntRange(0, 3).Draw(t, "way"); {
	case way == 0 && len(names) > 0:
		name := rapid.SampledFrom(names).Draw(t, "field")
		object[name] = other(object[name])
	case way == 1 && len(required) > 0:
		delete(object, rapid.SampledFrom(required).Draw(t, "missing").(string))
	case way == 2:
		return rapid.SampledFrom([]any{nil, "text", 7, true, []any{}, []any{object}}).Draw(t, "whole")
	default:
		object["no-such-field"] = other(nil)
	}
	return object
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}
