//go:build analyzers

package main

import (
	"go/types"
	"reflect"

	"golang.org/x/tools/go/analysis"
)

// facts are what one analyzer found out of the functions of one package.
type facts map[types.Object]map[reflect.Type]analysis.Fact

func (f facts) get(of types.Object, into analysis.Fact) bool {
	found := f[of][reflect.TypeOf(into)]
	if found == nil {
		return false
	}
	reflect.ValueOf(into).Elem().Set(reflect.ValueOf(found).Elem())
	return true
}

func (f facts) put(of types.Object, fact analysis.Fact) {
	if f[of] == nil {
		f[of] = map[reflect.Type]analysis.Fact{}
	}
	f[of][reflect.TypeOf(fact)] = fact
}

// versioned asks for the versions of files, where this Go's go/types tells them (Go 1.22).
func versioned(info *types.Info) {
	field := reflect.ValueOf(info).Elem().FieldByName("FileVersions")
	if field.IsValid() {
		field.Set(reflect.MakeMap(field.Type()))
	}
}
