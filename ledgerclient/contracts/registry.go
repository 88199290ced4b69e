package contracts

import (
	"strings"

	"setu/ledgerclient"
)

// The registry is a department's own table: records of named fields under a
// register and a key. It lets a service be added without a contract.

// maxRegistryKey is the longest key of a registry's record, in octets.
const maxRegistryKey = 64

// registryKey is the state key that the arguments name. When they do not,
// field says which is wrong.
func registryKey(c *call) (key, field string) {
	register := c.arg("register")
	if !isSlug(register) {
		return "", "register"
	}
	k := strings.ToUpper(c.arg("key"))
	if k == "" || len(k) > maxRegistryKey || strings.Trim(k, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") != "" {
		return "", "key"
	}
	return RegistryKey(register, k), ""
}

// RegistryKey is the state key of a registry's record: what the seed of a
// ledger writes and registry.Get reads. Keys are compared in capitals.
func RegistryKey(register, key string) string {
	return "registry~" + register + "~" + strings.ToUpper(key)
}

// registryGet reads a record: found, with all its fields, or missing.
func registryGet(c *call) ledgerclient.Answer {
	key, field := registryKey(c)
	if field != "" {
		return invalid(field)
	}
	r, ok := c.get(key)
	if !ok {
		return answer(codeMissing)
	}
	a := answer(codeFound)
	for _, f := range r {
		a.Fields[f.Name] = f.Value
	}
	return a
}

// registryPut stores the arguments "field.*" as a new record: done or exists.
func registryPut(c *call) ledgerclient.Answer {
	key, field := registryKey(c)
	if field != "" {
		return invalid(field)
	}
	if _, ok := c.get(key); ok {
		return answer("exists")
	}
	var r ledgerclient.Record
	for name, value := range c.Call.Args {
		if field, ok := strings.CutPrefix(name, "field."); ok && field == "" {
			return invalid(name)
		} else if ok {
			r = r.Set(field, value)
		}
	}
	c.put(key, r)
	a := answer(codeDone)
	for _, f := range r {
		a.Fields[f.Name] = f.Value
	}
	return a
}
