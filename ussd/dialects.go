package ussd

import (
	"errors"
	"fmt"
	"io/fs"
)

// LoadDialects reads the dialects of folders: each *.yaml file at their top is
// one, which parse makes and name names. A later folder's dialect takes the place
// of an earlier one's of the same name. The error tells all that is wrong.
func LoadDialects[D any](parse func(file string, src []byte) (D, error), name func(D) string, folders ...fs.FS) (map[string]D, error) {
	all := map[string]D{}
	var errs []error
	for _, folder := range folders {
		files, err := fs.Glob(folder, "*.yaml")
		if err != nil {
			return nil, fmt.Errorf("list dialects: %w", err)
		}
		for _, file := range files {
			src, err := fs.ReadFile(folder, file)
			if err != nil {
				errs = append(errs, fmt.Errorf("read dialect: %w", err))
				continue
			}
			d, err := parse(file, src)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			all[name(d)] = d
		}
	}
	return all, errors.Join(errs...)
}
