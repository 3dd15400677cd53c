package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

// listed is a package that `go list` knows; own: one of the project's.
type listed struct {
	path, dir, version string
	own                bool
	imported           map[string]string // what an import in its files means, where that is another path
}

type told struct {
	ImportPath, Dir   string
	Standard, DepOnly bool
	ImportMap         map[string]string
	Module            *struct{ GoVersion string }
	Error             *struct{ Err string }
}

const fields = "-json=ImportPath,Dir,Standard,DepOnly,ImportMap,Module,Error"

// list asks `go list` for the packages of the project, where something it goes by has changed. False: it does not say.
func (w *workspace) list(folder string, patterns []string) bool {
	key := folder + "\x00" + strings.Join(patterns, "\x00")
	if key == w.asked && !w.stale {
		return len(w.project) > 0
	}
	w.project, w.known, w.at = nil, map[string]*listed{}, map[string]*listed{}
	w.checker.reset()
	for _, one := range w.golist(folder, append([]string{"-e", "-deps", fields}, patterns...)) {
		w.know(one)
	}
	sort.Slice(w.project, func(i, j int) bool { return w.project[i].path < w.project[j].path })
	w.asked, w.stale = key, false
	return len(w.project) > 0
}

func (w *workspace) know(one told) *listed {
	made := &listed{path: one.ImportPath, dir: one.Dir, imported: one.ImportMap}
	if one.Module != nil && one.Module.GoVersion != "" {
		made.version = "go" + one.Module.GoVersion
	}
	if one.Dir == "" {
		return nil
	}
	made.own = !one.Standard && !one.DepOnly
	w.known[one.ImportPath] = made
	if made.own {
		w.project = append(w.project, made)
		w.at[one.Dir] = made
	}
	return made
}

// golist runs `go list` in a folder, with what is shown laid over the disk.
func (w *workspace) golist(folder string, words []string) []told {
	overlay, err := os.CreateTemp("", "overlay")
	if err != nil {
		return nil
	}
	defer os.Remove(overlay.Name())
	replace := map[string]string{}
	for path, text := range w.over {
		laid, err := os.CreateTemp("", "laid")
		if err != nil {
			return nil
		}
		defer os.Remove(laid.Name())
		laid.WriteString(text)
		laid.Close()
		replace[path] = laid.Name()
	}
	json.NewEncoder(overlay).Encode(map[string]interface{}{"Replace": replace})
	overlay.Close()
	command := exec.Command(filepath.Join(runtime.GOROOT(), "bin", "go"), append([]string{"list", "-overlay", overlay.Name()}, words...)...)
	command.Dir = folder
	said, _ := command.Output()
	var found []told
	for decoder := json.NewDecoder(strings.NewReader(string(said))); ; {
		var one told
		if decoder.Decode(&one) != nil {
			return found
		}
		found = append(found, one)
	}
}
