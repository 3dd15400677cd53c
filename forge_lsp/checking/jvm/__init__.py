"""What the languages of the Java virtual machine share: the JDK, the jars that builds name, and running tests."""
