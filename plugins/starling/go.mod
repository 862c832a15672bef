module starling

go 1.19
